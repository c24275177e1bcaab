// Rows are written out and counted; only the length of a step is a formula.
type Plan = { schedule: "gpipe" | "1f1b" | "interleaved"; ranks: number; microBatches: number; chunks: number };

export function bubble({ ranks, microBatches, chunks }: Plan): number {
  const slots = 3 * (microBatches + (ranks - 1) / chunks);
  return 1 - (3 * microBatches) / slots;
}

export function kept({ schedule, ranks, microBatches, chunks }: Plan): number[] {
  const rows: number[] = [];
  for (let rank = 0; rank < ranks; rank++) {
    const all = microBatches * chunks;
    const warmup =
      schedule === "gpipe"
        ? all
        : schedule === "1f1b"
          ? ranks - rank - 1
          : 2 * (ranks - rank - 1) + (chunks - 1) * ranks;
    let [forwards, backwards, most] = [0, 0, 0];
    while (backwards < all) {
      if (forwards < all && forwards - backwards <= warmup) forwards++;
      else backwards++;
      if (forwards - backwards > most) most = forwards - backwards;
    }
    rows.push(most / chunks);
  }
  return rows;
}
