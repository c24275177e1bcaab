/** Numbers travel round a ring in place, then are added up by a collective; each rank tells what it holds in the end. */
import { defineScript } from "worldsize";

export default defineScript({
  about: "A story to be told step by step.",
  ranks: 3,
  async main({ world, device, show }) {
    const { rank, size } = world;
    const x = device.tensor([10 * rank + 1, 10 * rank + 2, 0, 0]);
    if (size > 1) {
      const sent = world.send(x.slice(0, 0, 2), (rank + 1) % size);
      await world.recv(x.slice(0, 2, 4), (rank + size - 1) % size);
      await sent;
    }
    const sum = x.clone();
    await world.allReduce(sum);
    show.row({ x: JSON.stringify(await x.toArray()), sum: JSON.stringify(await sum.toArray()) });
  },
});
