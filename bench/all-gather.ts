// The ranks' side of `worldsize bench pieces`: our time of allGather for each size, best of three rounds.
import { defineScript, string } from "worldsize";

export default defineScript({
  about: "Times allGather(f32) for several sizes.",
  ranks: 4,
  options: { cases: string("67108864x5", "BYTESxITERATIONS of the whole buffer, separated by commas") },
  async main({ world, device, options, show, now }) {
    for (const text of options.cases.split(",")) {
      const [bytes, iterations] = text.split("x").map(Number);
      const whole = device.zeros([bytes / 4]);
      const piece = device.zeros([bytes / 4 / world.size]);
      for (let i = 0; i < iterations / 4 + 1; i++) await world.allGather(whole, piece);
      let best = Infinity;
      for (let round = 0; round < 3; round++) {
        await world.barrier();
        const start = now();
        for (let i = 0; i < iterations; i++) await world.allGather(whole, piece);
        best = Math.min(best, (now() - start) / iterations);
      }
      if (world.rank === 0) show.row({ bytes, seconds: best / 1e3 });
      whole.dispose();
      piece.dispose();
    }
  },
});
