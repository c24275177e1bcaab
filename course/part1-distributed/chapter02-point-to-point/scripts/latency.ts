// What a message costs on this machine's clock: one at a time, and with four in flight. The
// measuring itself is our solution of exercise 2.3. To measure yours, copy this file into your
// folder exercises/ and let the import below name "./2.3-latency.ts".
import { defineScript, number } from "worldsize";
import { blocking, draw, windowed } from "../exercises/3-latency/solution.ts";

export default defineScript({
  about: "Microseconds per message on a real clock: each awaited before the next, and four in flight.",
  ranks: 2,
  options: {
    largest: number(65536, "bytes of the largest message", { min: 8, max: 2 ** 24, integer: true }),
    rounds: number(400, "messages of each size; a multiple of 4", { min: 4, max: 100_000, integer: true }),
  },
  quick: { options: { largest: 64, rounds: 8 } },
  measured: ["(µs)", "blocking", "Microseconds"],
  async main({ world, device, options, show, now }) {
    if (world.size === 1) {
      show.line("A rank alone has nobody to send to. Try -n 2.");
      return;
    }
    const sizes: number[] = [];
    for (let bytes = 8; bytes <= options.largest; bytes *= 8) sizes.push(bytes);
    const rounds = 4 * Math.ceil(options.rounds / 4);

    // In turns, with a first turn that only warms up; the best of each size.
    const best = { blocking: sizes.map(() => Infinity), windowed: sizes.map(() => Infinity) };
    for (let turn = 0; turn < 6; turn++) {
      for (const [kind, measure] of Object.entries({ blocking, windowed })) {
        await world.barrier();
        const times = await measure(world, device, sizes, rounds, now);
        const kept = best[kind as keyof typeof best];
        if (turn > 0) for (const [i, time] of times.entries()) kept[i] = Math.min(kept[i], time);
      }
    }
    if (world.rank > 0) return;
    const rows = sizes.map((bytes, i) => ({
      bytes,
      "blocking (µs)": Number(best.blocking[i].toFixed(2)),
      "windowed (µs)": Number(best.windowed[i].toFixed(2)),
    }));
    show.table(rows, `Best of 5 turns of ${rounds} messages`);
    draw(show, sizes, best.blocking, best.windowed);
  },
});
