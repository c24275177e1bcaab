/**
 * The seed of a rank's own sequence, for mulberry32: others for other ranks, whatever the job's seed.
 * @param seed a safe integer; all of its bits count.
 */
export function rankSeed(seed: number, rank: number): number {
  let high = Math.imul(Math.floor(seed / 2 ** 32), 0x9e3779b1);
  high = Math.imul(high ^ (high >>> 15), 0x85ebca6b);
  return (Math.imul(seed | 0, 7919) + rank) ^ high ^ (high >>> 13);
}

/** A small random generator (Mulberry32), for orders and delays; tensors draw theirs on the device. */
export function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
