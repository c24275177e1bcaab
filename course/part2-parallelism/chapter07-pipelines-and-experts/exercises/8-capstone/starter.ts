// Exercise 7.8: a layout for a small decoder, and a step under it.
import type { HostBatch, ParallelDecoder } from "worldsize/parallel";

interface Job {
  /** Ranks, and how many of them are in a node. */
  devices: number;
  layers: number;
  heads: number;
  kvHeads: number;
  /** Of the whole model. */
  parameters: number;
  /** Bytes that a rank may keep of parameters, gradients and moments, all in f32, and send in a step. */
  memory: number;
  bytes: number;
  milliseconds: number;
  /** Of a step, on all ranks; and micro-batches of each rank. */
  samples: number;
  micro: number;
}

interface Tools {
  micro: number;
  /** Samples, one after the other, as a batch; there may be none. */
  batchOf(samples: number[][]): HostBatch;
  /** How many targets samples have. */
  countOf(samples: number[][]): number;
}

export function layout({ devices }: Job): string {
  return `dp${devices}`;
}

export async function step(parallel: ParallelDecoder, samples: number[][], tools: Tools): Promise<number> {
  const { micro, batchOf, countOf } = tools;
  const batches = Array.from({ length: micro }, (_, m) => batchOf(samples.filter((_, i) => i % micro === m)));
  const loss = await parallel.run(batches, countOf(samples));
  return parallel.synchronize(loss);
}
