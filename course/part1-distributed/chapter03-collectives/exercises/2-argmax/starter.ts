// Exercise 3.2: the largest number of all ranks, and whose it is.
//
// Every rank holds a flat tensor x; lengths differ. Every rank must return the same answer: the
// largest value, the rank that holds it, and its index in that rank's x. If several ranks hold
// it, the lowest rank wins; there, the first index. The tensors themselves must stay where they
// are: a few bytes are enough.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function argmax(
  world: ProcessGroup,
  device: TensorDevice,
  x: Tensor,
): Promise<{ value: number; rank: number; index: number }> {
  const numbers = (await x.toArray()) as number[];
  const value = Math.max(...numbers);

  // So far every rank knows only its own. What must they tell each other?

  return { value, rank: world.rank, index: numbers.indexOf(value) };
}
