// Stages only, and micro-batches of neighbors.
import type { HostBatch, ParallelDecoder } from "worldsize/parallel";

interface Tools {
  micro: number;
  batchOf(samples: number[][]): HostBatch;
  countOf(samples: number[][]): number;
}

export const layout = ({ devices }: { devices: number }) => (devices === 1 ? "dp1" : `pp${devices}`);

export async function step(parallel: ParallelDecoder, samples: number[][], { micro, batchOf, countOf }: Tools) {
  const mine = parallel.shareOf(samples);
  const half = Math.ceil(mine.length / micro);
  const batches = Array.from({ length: micro }, (_, m) => batchOf(mine.slice(m * half, (m + 1) * half)));
  return await parallel.synchronize(await parallel.run(batches, countOf(samples)));
}
