// Time is played through: in each unit a rank prefers a backward, and does a forward while it may keep one more.
export function schedule(stages: number, microBatches: number): string[][] {
  const rows: string[][] = Array.from({ length: stages }, () => []);
  const done = new Map<string, number>();
  const free = rows.map(() => 0);
  const [forwards, backwards] = [rows.map(() => 0), rows.map(() => 0)];
  const isThere = (key: string, time: number): boolean => (done.get(key) ?? Infinity) <= time;
  for (let time = 0; backwards.some((count) => count < microBatches); time++) {
    for (let rank = 0; rank < stages; rank++) {
      if (free[rank] > time) continue;
      const [f, b] = [forwards[rank], backwards[rank]];
      const back = rank === stages - 1 ? `F${rank}.${b}` : `B${rank + 1}.${b}`;
      if (b < f && isThere(back, time)) {
        rows[rank].push(`B${b}`);
        backwards[rank]++;
        free[rank] = time + 2;
        done.set(`B${rank}.${b}`, time + 2);
      } else if (f < microBatches && f - b < stages - rank && (rank === 0 || isThere(`F${rank - 1}.${f}`, time))) {
        rows[rank].push(`F${f}`);
        forwards[rank]++;
        free[rank] = time + 1;
        done.set(`F${rank}.${f}`, time + 1);
      }
    }
  }
  return rows;
}
