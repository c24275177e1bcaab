// The ranks' side of `worldsize bench all-reduce`: our time for each size, best of three rounds.
import { defineScript, string } from "worldsize";

export default defineScript({
  about: "Times allReduce(sum, f32) for several sizes.",
  ranks: 4,
  options: { cases: string("1024x2000", "BYTESxITERATIONS, separated by commas") },
  async main({ world, device, options, show, now }) {
    for (const text of options.cases.split(",")) {
      const [bytes, iterations] = text.split("x").map(Number);
      const x = device.zeros([bytes / 4]);
      for (let i = 0; i < iterations / 4 + 1; i++) await world.allReduce(x);
      let best = Infinity;
      for (let round = 0; round < 3; round++) {
        await world.barrier();
        const start = now();
        for (let i = 0; i < iterations; i++) await world.allReduce(x);
        best = Math.min(best, (now() - start) / iterations);
      }
      if (world.rank === 0) show.row({ bytes, seconds: best / 1e3 });
      x.dispose();
    }
  },
});
