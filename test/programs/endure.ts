// Checks sums over and over until the store says stop; each rank then shows how often.
import { defineScript, string } from "worldsize";

export default defineScript({
  about: "Works while others try to disturb it.",
  ranks: 2,
  options: { until: string("", "a file whose existence ends the program") },
  async main({ world, device, options, show, place, sleep }) {
    const { existsSync } = await import("node:fs");
    const { rank, size } = world;
    show.row({ pid: place.process });
    for (let round = 0; ; round++) {
      const x = device.full([1000], rank + round);
      await world.allReduce(x);
      const wanted = (size * (size - 1)) / 2 + size * round;
      for (const value of await x.data()) {
        if (value !== wanted) throw new Error(`round ${round}: the sum is ${value}, not ${wanted}`);
      }
      x.dispose();
      if (await world.broadcastObject(rank === 0 && existsSync(options.until))) {
        show.row({ rounds: round + 1 });
        return;
      }
      await sleep(5); // leaves the machine to those who disturb
    }
  },
});
