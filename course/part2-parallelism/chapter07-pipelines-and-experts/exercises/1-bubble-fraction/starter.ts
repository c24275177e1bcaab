// Exercise 7.1: which share of a pipeline's time is idle, and how much each rank keeps.
interface Plan {
  schedule: "gpipe" | "1f1b" | "interleaved";
  ranks: number;
  microBatches: number;
  /** Stages of each rank: 1, but for interleaved ones. */
  chunks: number;
}

/** The share of all ranks' time in which they are idle. */
export function bubble(_plan: Plan): number {
  return 0;
}

/** By rank: most micro-batches whose activations it keeps at a time, counted with all of its layers. */
export function kept({ ranks }: Plan): number[] {
  return Array.from({ length: ranks }, () => 0);
}
