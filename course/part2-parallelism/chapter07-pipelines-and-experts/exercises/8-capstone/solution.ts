// A layout for a small decoder, and its step: stages first, because they send the least, and moments shared out where that is not enough.
import type { HostBatch, ParallelDecoder } from "worldsize/parallel";

interface Job {
  devices: number;
  layers: number;
  heads: number;
  kvHeads: number;
  parameters: number;
  memory: number;
  bytes: number;
  milliseconds: number;
  samples: number;
  micro: number;
}

interface Tools {
  micro: number;
  batchOf(samples: number[][]): HostBatch;
  countOf(samples: number[][]): number;
}

export function layout({ devices, layers, parameters, memory, micro }: Job): string {
  for (let pp = 1; pp <= Math.min(devices, layers, micro); pp++) {
    const dp = devices / pp;
    if (!Number.isInteger(dp)) continue;
    for (const data of dp > 1 ? ["", "+zero1"] : [""]) {
      const bytes = (parameters / pp) * (4 + 4 + 8 / (data ? dp : 1));
      if (1.02 * bytes <= memory) return `pp${pp}.dp${dp}${data}`;
    }
  }
  return `dp${devices}+fsdp`;
}

export async function step(parallel: ParallelDecoder, samples: number[][], tools: Tools): Promise<number> {
  const { micro, batchOf, countOf } = tools;
  const mine = parallel.shareOf(samples);
  const batches = Array.from({ length: micro }, (_, m) => batchOf(mine.filter((_, i) => i % micro === m)));
  const loss = await parallel.run(batches, countOf(samples));
  return parallel.synchronize(loss);
}
