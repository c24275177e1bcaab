// Rank 0 waits with its greeting and shows both lines with one call.
import { defineScript } from "worldsize";

export default defineScript({
  about: "Ranks say who they are, and count themselves.",
  ranks: 8,
  async main({ world, device, show }) {
    const one = device.ones([1]);
    await world.allReduce(one);
    const lines = [`rank ${world.rank} of ${world.size}`];
    if (world.rank === 0) lines.push(`${await one.item()} ranks are here`);
    show.line(lines.join("\n"));
  },
});
