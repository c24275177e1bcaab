// A chain down to rank 0, each adding itself: no collective.
import { defineScript } from "worldsize";

export default defineScript({
  about: "Ranks say who they are, and count themselves.",
  ranks: 8,
  async main({ world, device, show }) {
    show.line(`rank ${world.rank} of ${world.size}`);
    const { rank, size } = world;
    const count = device.zeros([1]);
    if (rank + 1 < size) await world.recv(count, rank + 1);
    count.add_(1);
    if (rank > 0) await world.send(count, rank - 1);
    const n = await count.item();
    if (world.rank === 0) show.line(`${n} ranks are here`);
  },
});
