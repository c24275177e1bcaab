/** What became of a tensor that an answer was handed, and should have left as it was. */
import type { Tensor } from "../tensor/index.ts";

/**
 * The first element that an answer changed, in words: `x[3] was 2 and is 0`.
 * @param before its numbers, as f32 holds them.
 * @returns undefined when all are as they were.
 */
export async function changeOf(tensor: Tensor, before: readonly number[], name = "x"): Promise<string | undefined> {
  const after = await tensor.data();
  if (after.length !== before.length) return `${name} had ${before.length} elements and has ${after.length}`;
  const at = before.findIndex((number, i) => after[i] !== number);
  return at < 0 ? undefined : `${name}[${at}] was ${before[at]} and is ${after[at]}`;
}
