// 1F1B (PipeDream-Flush; Narayanan et al., 2021): forwards while the first micro-batch goes down and its gradient comes back, then
// one forward and one backward in turn.

/** A row for each rank: `F0` is the forward of micro-batch 0 at this rank's stage, `B0` its backward. */
export function schedule(stages: number, microBatches: number): string[][] {
  return Array.from({ length: stages }, (_, rank) => {
    const warmup = Math.min(stages - 1 - rank, microBatches);
    const row: string[] = [];
    for (let m = 0; m < warmup; m++) row.push(`F${m}`);
    for (let m = warmup; m < microBatches; m++) row.push(`F${m}`, `B${m - warmup}`);
    for (let m = microBatches - warmup; m < microBatches; m++) row.push(`B${m}`);
    return row;
  });
}
