// Everybody ticks its own box in a list, and the ticks are counted.
import { defineScript } from "worldsize";

export default defineScript({
  about: "Ranks say who they are, and count themselves.",
  ranks: 8,
  async main({ world, device, show }) {
    show.line(`rank ${world.rank} of ${world.size}`);
    const boxes = device.tensor(Array.from({ length: world.size }, (_, r) => (r === world.rank ? 1 : 0)));
    await world.allReduce(boxes);
    const n = await boxes.sum().item();
    if (world.rank === 0) show.line(`${n} ranks are here`);
  },
});
