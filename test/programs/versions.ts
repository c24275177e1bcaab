// Which storages an operation between ranks writes into, by their versions before and after.
import { defineScript, type Work } from "worldsize";

export default defineScript({
  about: "Versions of storages around operations between ranks.",
  ranks: 2,
  async main({ world, device, show }) {
    const [x, y, pair] = [device.ones([4]), device.ones([4]), device.ones([8])];
    const tensors = { x, y, pair };
    const versions = (): number[] => Object.values(tensors).map(({ storage }) => storage.version);
    const calls: Record<string, () => Work<unknown>> = {
      allReduce: () => world.allReduce(x),
      broadcast: () => world.broadcast(x, 0),
      allGather: () => world.allGather(pair, x),
      reduceScatter: () => world.reduceScatter(x, pair),
      message: () => (world.rank === 0 ? world.send(x, 1) : world.recv(y, 0)),
    };
    for (const [name, call] of Object.entries(calls)) {
      const before = versions();
      const work = call();
      const raised = versions().map((version, i) => version - before[i]);
      await work;
      show.row({
        rank: world.rank,
        name,
        written: Object.keys(tensors)
          .filter((_, i) => raised[i] > 0)
          .join(),
      });
    }
  },
});
