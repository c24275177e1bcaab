// Each rank in turn tells everybody that it is here.
import { defineScript } from "worldsize";

export default defineScript({
  about: "Ranks say who they are, and count themselves.",
  ranks: 8,
  async main({ world, device, show }) {
    show.line(`rank ${world.rank} of ${world.size}`);
    let n = 0;
    for (let root = 0; root < world.size; root++) {
      const one = world.rank === root ? device.ones([1]) : device.zeros([1]);
      await world.broadcast(one, root);
      n += await one.item();
    }
    if (world.rank === 0) show.line(`${n} ranks are here`);
  },
});
