/**
 * What a run says of itself is said once, for all ranks: a checkpoint is loaded by any number of them, and what one rank
 * alone has said would be lost or be everybody's. So ranks compare digests, by key.
 */

/** Digests by key. */
export type Digests = Readonly<Record<string, string>>;

/** @param head plain values. @param state JSON of an object: each of its keys gets a digest of its own. */
export function digestOf(head: Readonly<Record<string, unknown>>, state: string): Digests {
  const keys = Object.entries(JSON.parse(state) as Record<string, unknown>);
  return Object.fromEntries([
    ...Object.entries(head).map(([key, value]) => [key, short(JSON.stringify(value))]),
    ...keys.map(([key, value]) => [`state.${key}`, short(JSON.stringify(value))]),
  ]);
}

/** @throws RangeError where ranks say something else, with the key, both ranks, and both values where they are short. */
export function checkAlike(ranks: readonly Digests[]): void {
  const [first] = ranks;
  for (const [rank, other] of ranks.entries()) {
    const key = [...new Set([...Object.keys(first), ...Object.keys(other)])].find(
      (each) => first[each] !== other[each],
    );
    if (key === undefined) continue;
    throw new RangeError(
      `${key} is ${first[key] ?? "missing"} on rank 0, and ${other[key] ?? "missing"} on rank ${rank}. A checkpoint says one thing for all ranks: count what all of them have done, such as the samples that were taken.`,
    );
  }
}

/** A short text itself; of a long one, its beginning and what tells it from others: FNV-1a. */
function short(text: string): string {
  if (text.length <= 60) return text;
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return `${text.slice(0, 30)}… (${text.length} characters, ${(hash >>> 0).toString(16)})`;
}
