// Stages only, or tensor parallelism, and a micro-batch for each sample.
import type { HostBatch, ParallelDecoder } from "worldsize/parallel";

interface Tools {
  micro: number;
  batchOf(samples: number[][]): HostBatch;
  countOf(samples: number[][]): number;
}

export function layout({ devices }: { devices: number }) {
  const words: Record<number, string> = { 1: "dp1", 2: "tp2", 4: "pp4" };
  return words[devices];
}

export async function step(parallel: ParallelDecoder, samples: number[][], { batchOf, countOf }: Tools) {
  const mine = parallel.shareOf(samples);
  const part = await parallel.run(
    mine.map((sample) => batchOf([sample])),
    countOf(samples),
  );
  return await parallel.synchronize(part);
}
