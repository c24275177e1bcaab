// In two stages: neighbours count each other, then the first of each pair add up.
import { defineScript } from "worldsize";

export default defineScript({
  about: "Ranks say who they are, and count themselves.",
  ranks: 8,
  async main({ world, device, show }) {
    show.line(`rank ${world.rank} of ${world.size}`);
    const pair = await world.split(Math.floor(world.rank / 2));
    const count = device.ones([1]);
    await pair?.allReduce(count, "sum");
    const leaders = await world.split(pair?.rank === 0 ? 0 : undefined);
    if (leaders) await leaders.allReduce(count, "sum");
    const n = await count.item();
    if (world.rank === 0) show.line(`${n} ranks are here`);
  },
});
