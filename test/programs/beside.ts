/** Tensors that are freed while a kernel behind an operation still has to read them: the operation's own memory lies elsewhere. */
import { allReduceAlgorithms, defineScript, type Tensor } from "worldsize";

export default defineScript({
  about: "Reads tensors behind operations, and frees them before.",
  async main({ world, device, show }) {
    const { rank, size } = world;
    const length = 60 * size;
    const ways: Record<string, (x: Tensor) => void> = {
      reduceScatter: (x) => world.reduceScatter(device.empty([60]), x).wait(),
      allGather: (x) => world.allGather(x, device.full([60], rank)).wait(),
      reduce: (x) => world.reduce(x, size - 1).wait(),
      halves: (x) => world.allReduce(x.to("f16")).wait(),
    };
    for (const algorithm of allReduceAlgorithms)
      ways[algorithm] = (x) => world.allReduce(x, "sum", { algorithm }).wait();
    for (const [name, way] of Object.entries(ways)) {
      const wrong: number[] = [];
      for (const part of [1, 2, size, 2 * size]) {
        const read = device.full([length / part], 7);
        way(device.full([length], rank + 1));
        const copy = read.mul(1);
        read.dispose();
        wrong.push(...(await copy.data()).filter((value) => value !== 7));
      }
      show.row({ name, wrong: JSON.stringify(wrong.slice(0, 4)) });
    }
  },
});
