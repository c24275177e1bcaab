// Exercise 7.2: a schedule is a list of actions for each rank. This one is GPipe: right, and it keeps all micro-batches.

/** A row for each rank: `F0` is the forward of micro-batch 0 at this rank's stage, `B0` its backward. */
export function schedule(stages: number, microBatches: number): string[][] {
  const all = Array.from({ length: microBatches }, (_, m) => m);
  return Array.from({ length: stages }, () => [...all.map((m) => `F${m}`), ...all.map((m) => `B${m}`)]);
}
