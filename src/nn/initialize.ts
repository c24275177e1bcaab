/** First values by name: a model begins with the same weights however it is cut, and whatever was made before it. */
import type { ParameterTree } from "./tree.ts";

/** 53 bits from a string: two rounds of FNV-1a, mixed. */
function hashOf(text: string): number {
  let [a, b] = [0x811c9dc5, 0x9e3779b9];
  for (let i = 0; i < text.length; i++) {
    a = Math.imul(a ^ text.charCodeAt(i), 0x01000193);
    b = Math.imul(b ^ text.charCodeAt(i), 0x85ebca6b);
  }
  return ((a ^ (b >>> 15)) & 0x1fffff) * 2 ** 32 + ((b ^ (a >>> 13)) >>> 0);
}

/** Draws the first values of all parameters again, each from the seed and its own name. @throws RangeError for a seed that is no whole number. */
export function initialize(model: ParameterTree, seed: number): void {
  if (!Number.isSafeInteger(seed))
    throw new RangeError(`A seed is a whole number below 2^53, but this one is ${seed}.`);
  for (const [name, parameter] of model.namedParameters()) parameter.initialize(hashOf(`${seed}\u0000${name}`));
}
