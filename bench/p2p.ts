// The ranks' side of `worldsize bench p2p`: a message there and back.
import { defineScript, string } from "worldsize";

export default defineScript({
  about: "Times a message from rank 0 to rank 1 and back, for several sizes.",
  ranks: 2,
  options: { cases: string("64x2000", "BYTESxITERATIONS, separated by commas") },
  async main({ world, device, options, show, now }) {
    for (const text of options.cases.split(",")) {
      const [bytes, iterations] = text.split("x").map(Number);
      const x = device.zeros([bytes], "u8");
      let best = Infinity;
      for (let round = 0; round < 4; round++) {
        await world.barrier();
        const start = now();
        for (let i = 0; i < iterations; i++) {
          if (world.rank === 0) {
            await world.send(x, 1);
            await world.recv(x, 1);
          } else if (world.rank === 1) {
            await world.recv(x, 0);
            await world.send(x, 0);
          }
        }
        best = Math.min(best, (now() - start) / iterations);
      }
      if (world.rank === 0) show.row({ bytes, seconds: best / 1e3 });
      x.dispose();
    }
  },
});
