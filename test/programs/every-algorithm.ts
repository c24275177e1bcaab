// Every allReduce algorithm on several lengths and dtypes, in one job: for counting what they send.
import { defineScript, string } from "worldsize";
import { type AllReduceAlgorithm, allReduceAlgorithms } from "../../src/world/algorithms/tuner.ts";

export default defineScript({
  about: "Runs every allReduce algorithm on several lengths.",
  options: {
    counts: string("0,1,7,1024", "elements, separated by commas"),
    algorithms: string(allReduceAlgorithms.join(), "which ones"),
  },
  async main({ world, device, options }) {
    for (const count of options.counts.split(",").map(Number)) {
      const numbers = Array.from({ length: count }, (_, i) => (i % 50) + world.rank);
      for (const algorithm of options.algorithms.split(",") as AllReduceAlgorithm[]) {
        const x = device.from(numbers, [count]);
        await world.allReduce(x, "sum", { algorithm });
        const sums = (await x.toArray()) as number[];
        const { size } = world;
        sums.forEach((sum, i) => {
          const expected = size * (i % 50) + (size * (size - 1)) / 2;
          if (sum !== expected) throw new Error(`${algorithm}: element ${i} of ${count} is ${sum}, not ${expected}`);
        });
        x.dispose();
      }
    }
  },
});
