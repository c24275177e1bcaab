// item() gives the number.
import { defineScript } from "worldsize";

export default defineScript({
  about: "Ranks say who they are, and count themselves.",
  ranks: 8,
  async main({ world, device, show }) {
    show.line(`rank ${world.rank} of ${world.size}`);
    const one = device.ones([1]);
    await world.allReduce(one);
    if (world.rank === 0) show.line(`${one.item()} ranks are here`);
  },
});
