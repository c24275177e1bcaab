// The number is there when the call returns.
import { defineScript } from "worldsize";

export default defineScript({
  about: "Ranks say who they are, and count themselves.",
  ranks: 8,
  async main({ world, device, show }) {
    show.line(`rank ${world.rank} of ${world.size}`);
    const one = device.ones([1]);
    world.allReduce(one);
    const n = await one.item();
    if (world.rank === 0) show.line(`${n} ranks are here`);
  },
});
