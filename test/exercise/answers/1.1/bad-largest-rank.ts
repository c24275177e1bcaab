// The largest rank and one more is how many there are.
import { defineScript } from "worldsize";

export default defineScript({
  about: "Ranks say who they are, and count themselves.",
  ranks: 8,
  async main({ world, device, show }) {
    show.line(`rank ${world.rank} of ${world.size}`);
    const top = device.tensor([world.rank + 1]);
    await world.allReduce(top, "max");
    const n = await top.item();
    if (world.rank === 0) show.line(`${n} ranks are here`);
  },
});
