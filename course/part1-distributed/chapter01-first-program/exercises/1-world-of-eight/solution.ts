// Every rank runs all of this; what differs is world.rank.
import { defineScript } from "worldsize";

export default defineScript({
  about: "Eight ranks say who they are, and count themselves.",
  ranks: 8,
  async main({ world, device, show }) {
    show.line(`rank ${world.rank} of ${world.size}`);

    const count = device.ones([1]);
    await world.allReduce(count, "sum");
    if (world.rank === 0) show.line(`${await count.item()} ranks are here`);
  },
});
