// Sums of gradients and the count travel together, undivided; each rank divides what comes back.
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
  let count = 0;
  let loss = 0;
  for (const batch of microBatches) {
    if (batch.count === 0) continue; // nothing to learn here
    const sum = batch.loss();
    sum.backward();
    loss += await sum.item();
    count += batch.count;
  }
  const sizes = parameters.map(({ size }) => size);
  const numbers = [count, loss];
  for (const { grad, size } of parameters) {
    numbers.push(...(grad ? await grad.data() : Array<number>(size).fill(0)));
  }
  const all = device.from(numbers, [numbers.length]);
  await world.allReduce(all, "sum");
  const [tokens, total] = await all.data();
  let at = 2;
  for (const [i, parameter] of parameters.entries()) {
    const sum = all.slice(0, at, (at += sizes[i])).div(Math.max(tokens, 1));
    parameter.grad = sum.reshape(parameter.shape);
  }
  return tokens === 0 ? 0 : total / tokens;
}
