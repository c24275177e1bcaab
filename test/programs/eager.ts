// A message that leaves at once and that nobody takes.
import { defineScript } from "worldsize";

export default defineScript({
  about: "Rank 0 sends what rank 1 does not receive.",
  ranks: 2,
  async main({ world, device }) {
    const x = device.ones([4]);
    if (world.rank === 0) await world.send(x, 1);
    x.fill_(2); // the copy has left
  },
});
