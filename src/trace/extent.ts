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
