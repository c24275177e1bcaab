// With one rank there is nobody to ask; and a check of the sum never hurts.
import { defineScript } from "worldsize";

export default defineScript({
  about: "Ranks say who they are, and count themselves.",
  ranks: 8,
  async main({ world, show }) {
    show.line(`rank ${world.rank} of ${world.size}`);
    if (world.size === 1) return show.line("1 ranks are here");
    const present = await world.allGatherObject({ here: true, who: world.rank });
    const n = present.filter(({ here }) => here).length;
    if (n !== world.size) throw new Error("somebody is missing");
    if (world.rank === 0) show.line(`${n} ranks are here`);
  },
});
