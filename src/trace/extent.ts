/** The least and the largest of numbers, however many: a call takes fewer arguments than a recording has spans. */

/** @returns undefined when none of them is finite. */
export function extent(values: Iterable<number>): [low: number, high: number] | undefined {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : undefined;
}

/** Where a value lies between two others, 0 at `from` and 1 at `to`; also where their difference is no finite number. */
export function shareOf(value: number, from: number, to: number): number {
  if (Number.isFinite(to - from)) return (value - from) / (to - from);
  return (value / 2 - from / 2) / (to / 2 - from / 2);
}

/** The value at a share of the way from one to another, the other way round. */
export function valueAt(share: number, from: number, to: number): number {
  return Number.isFinite(to - from) ? from + (to - from) * share : from * (1 - share) + to * share;
}
