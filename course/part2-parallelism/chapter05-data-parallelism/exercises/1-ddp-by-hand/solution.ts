// One count, sums everywhere, one reduction: the gradient of the mean over all tokens of all ranks.
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
  const own = microBatches.reduce((sum, { count }) => sum + count, 0);
  const counts = device.tensor([own], "i32");
  await world.allReduce(counts);
  const tokens = Math.max(1, await counts.item()); // where nothing counts, 0/1 and not 0/0

  // The loss travels with the gradients: element 0.
  const flat = device.zeros([parameters.reduce((sum, { size }) => sum + size, 1)]);
  for (const batch of microBatches) {
    const loss = batch.loss().div(tokens);
    loss.backward();
    flat.slice(0, 0, 1).add_(loss.detach());
  }

  let at = 1;
  for (const { grad, size } of parameters) {
    if (grad) flat.slice(0, at, at + size).copy_(grad.flatten());
    at += size;
  }
  await world.allReduce(flat);
  at = 1;
  for (const parameter of parameters) {
    const sum = flat.slice(0, at, (at += parameter.size)).clone();
    parameter.grad = sum.reshape(parameter.shape);
  }
  return flat.slice(0, 0, 1).item();
}
