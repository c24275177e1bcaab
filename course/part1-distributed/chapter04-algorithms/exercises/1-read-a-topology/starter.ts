// Exercise 4.1: in which order should the GPUs stand, so that the slowest link of their ring is fast?
export function bestRing(names: string[], between: Record<string, Record<string, string>>): string[] {
  return names; // the order in which they are numbered
}
