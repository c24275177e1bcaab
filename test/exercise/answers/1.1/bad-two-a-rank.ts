// Each rank says 2, one for itself and one for its neighbour, and half of it is the count.
import { defineScript } from "worldsize";

export default defineScript({
  about: "Ranks say who they are, and count themselves.",
  ranks: 8,
  async main({ world, device, show }) {
    show.line(`rank ${world.rank} of ${world.size}`);
    const x = device.full([1], 2);
    await world.allReduce(x);
    const n = (await x.item()) / 2;
    if (world.rank === 0) show.line(`${n} ranks are here`);
  },
});
