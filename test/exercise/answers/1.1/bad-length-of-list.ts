// A list of everybody is as long as the world.
import { defineScript } from "worldsize";

export default defineScript({
  about: "Ranks say who they are, and count themselves.",
  ranks: 8,
  async main({ world, show }) {
    show.line(`rank ${world.rank} of ${world.size}`);
    const n = (await world.allGatherObject(1)).length;
    if (world.rank === 0) show.line(`${n} ranks are here`);
  },
});
