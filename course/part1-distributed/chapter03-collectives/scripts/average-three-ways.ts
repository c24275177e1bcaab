// The chapter's question as a measurement: all ranks need the average of their tensors. Through
// rank 0, around the ring, or in pairs: each way for a small tensor and for a large one, over
// links as slow as a network's, so that the links decide and not the processor.
import { type Context, defineScript, number, type Tensor } from "worldsize";

type Way = (context: Pick<Context, "world" | "device">, x: Tensor) => Promise<void>;

/** Rank 0 receives every tensor, adds it, and sends the sum back: 2 (n - 1) messages, one after the other. */
const throughRank0: Way = async ({ world, device }, x) => {
  if (world.rank > 0) {
    await world.send(x, 0);
    await world.recv(x, 0);
    return;
  }
  const incoming = device.empty([x.size]);
  for (let other = 1; other < world.size; other++) {
    await world.recv(incoming, other);
    x.add_(incoming);
  }
  for (let other = 1; other < world.size; other++) await world.send(x, other);
};

const ways: Record<string, Way> = {
  "through rank 0 (ms)": throughRank0,
  "ring (ms)": async ({ world }, x) => {
    await world.allReduce(x, "sum", { algorithm: "ring" });
  },
  "pairs (ms)": async ({ world }, x) => {
    await world.allReduce(x, "sum", { algorithm: "doubling" });
  },
};

export default defineScript({
  about: "An average of all ranks' tensors: through rank 0, around the ring, and in pairs; small and large.",
  ranks: 4,
  link: "100MB/s,2ms",
  options: {
    megabytes: number(4, "size of the large tensor; the small one has 4 KB", { min: 0.004, max: 64 }),
    rounds: number(3, "rounds of each way", { min: 1, integer: true }),
  },
  quick: { options: { megabytes: 0.04, rounds: 1 } },
  measured: ["(ms)"],
  async main({ world, device, options, show, now }) {
    const { rank, size } = world;
    for (const bytes of [4e3, Math.round(options.megabytes * 1e6)]) {
      const row: Record<string, string | number> = { tensor: bytes < 1e6 ? `${bytes / 1e3} KB` : `${bytes / 1e6} MB` };
      for (const [name, way] of Object.entries(ways)) {
        let fastest = Infinity;
        for (let round = 0; round < options.rounds; round++) {
          const x = device.full([Math.round(bytes / 4)], rank + 1);
          await world.barrier();
          const start = now();
          await way({ world, device }, x);
          const took = await world.allGatherObject(now() - start);
          fastest = Math.min(fastest, Math.max(...took)); // a way is done when the last rank has its average
          const average = await x.div_(size).select(0, 0).item();
          if (average !== (size + 1) / 2) throw new Error(`the average is ${average}, not ${(size + 1) / 2}`);
          x.dispose();
        }
        row[name] = Number(fastest.toPrecision(3));
      }
      if (rank === 0) show.row(row);
    }
    if (rank === 0 && size === 1) show.line("A rank alone has its average already. Try -n 4.");
  },
});
