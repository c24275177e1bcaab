/**
 * A permutation that is computed for one index at a time: a Feistel network over the next power of four, walked until
 * it falls inside (cycle walking; Black and Rogaway, 2002). Nothing is stored, so nothing has to be restored.
 */

/** 32 bits from two numbers and a round: Murmur3's finish. */
function mix(value: number, key: number, round: number): number {
  let x = Math.imul(value ^ key, 0x85ebca6b) ^ Math.imul(round + 1, 0x9e3779b1);
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

const ROUNDS = 6;

/** Where index `i` of `count` comes in the order of an epoch. @param count below 2^31. @throws RangeError for an index outside. */
export function shuffledIndex(i: number, count: number, seed: number, epoch: number): number {
  if (!(Number.isInteger(i) && i >= 0 && i < count)) throw new RangeError(`Index ${i} is not among ${count}.`);
  if (count === 1) return 0;
  const half = Math.ceil(Math.ceil(Math.log2(count)) / 2);
  const mask = 2 ** half - 1;
  const key = mix(seed, Math.floor(seed / 2 ** 32), epoch);
  let at = i;
  do {
    let [left, right] = [Math.floor(at / 2 ** half), at & mask];
    for (let round = 0; round < ROUNDS; round++) [left, right] = [right, left ^ (mix(right, key, round) & mask)];
    at = left * 2 ** half + right;
  } while (at >= count);
  return at;
}
