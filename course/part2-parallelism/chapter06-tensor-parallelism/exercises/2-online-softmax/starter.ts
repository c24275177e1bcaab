// Exercise 6.2: attention over keys that are on all ranks, a block at a time.
//
// lse is the logarithm of the sum of exp(score). A query that has seen no key has o = 0 and lse = -Infinity.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

interface Found {
  o: Tensor; // [queries, dim]
  lse: Tensor; // [queries]
}

/** What queries find among the keys of a and b. */
export function join(device: TensorDevice, a: Found, b: Found): Found {
  // The mean of both. How much does each really weigh?
  return { o: a.o.add(b.o).div(2), lse: a.lse.maximum(b.lse) };
}

export async function ringAttention(
  world: ProcessGroup,
  device: TensorDevice,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  lengths: number[],
  attend: (q: Tensor, k: Tensor, v: Tensor) => Found,
): Promise<Found> {
  const found = attend(q, k, v);
  // n - 1 steps: pass a block to the right, take one from the left, and join what q finds there.
  return found;
}
