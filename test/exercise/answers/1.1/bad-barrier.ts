// After a barrier everybody is here, so world.size is the count.
import { defineScript } from "worldsize";

export default defineScript({
  about: "Ranks say who they are, and count themselves.",
  ranks: 8,
  async main({ world, show }) {
    show.line(`rank ${world.rank} of ${world.size}`);
    await world.barrier();
    const n = world.size;
    if (world.rank === 0) show.line(`${n} ranks are here`);
  },
});
