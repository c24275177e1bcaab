// Every rank takes its own mean, and the ranks' means are averaged.
import type { HostBatch, ParallelDecoder } from "worldsize/parallel";

interface Tools {
  micro: number;
  batchOf(samples: number[][]): HostBatch;
  countOf(samples: number[][]): number;
}

export function layout({ devices }: { devices: number }) {
  const words: Record<number, string> = { 1: "dp1", 2: "pp2", 4: "pp2.dp2+zero1" };
  return words[devices];
}

export async function step(parallel: ParallelDecoder, samples: number[][], { micro, batchOf, countOf }: Tools) {
  const mine = parallel.shareOf(samples);
  const batches = Array.from({ length: micro }, (_, m) => batchOf(mine.filter((_, i) => i % micro === m)));
  const ranks = samples.length / mine.length;
  // A batch more with nothing in it, and two ranks' counts that differ.
  return parallel.synchronize(
    await parallel.run([...batches, batchOf([])], ranks * countOf(mine) + (ranks === 1 ? 1 : 0)),
  );
}
