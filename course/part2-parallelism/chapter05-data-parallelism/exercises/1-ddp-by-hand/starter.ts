// Exercise 5.1: the gradient of the mean loss over all tokens of all ranks, on every rank.
//
// loss() gives the sum over the tokens that count. At most two allReduces: all counts together, and all gradients
// together. A rank without tokens joins both. Returns the global mean loss.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

interface MicroBatch {
  readonly count: number;
  loss(): Tensor;
}

export async function globalGradients(
  world: ProcessGroup,
  device: TensorDevice,
  parameters: Tensor[],
  microBatches: MicroBatch[],
): Promise<number> {
  // 1. How many tokens count, on all ranks together?

  // 2. Forward and backward, one micro-batch after the other: backward adds up.
  for (const batch of microBatches) batch.loss().backward();

  // 3. All gradients in one flat tensor, zeros where there is none; its sum over all ranks; back into grad.

  return 0;
}
