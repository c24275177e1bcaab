// The host never waits for the count: the stream does, and the division is by a tensor.
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
  const tokens = device.full(
    [1],
    microBatches.reduce((sum, { count }) => sum + count, 0),
  );
  world.allReduce(tokens).wait();
  const divisor = tokens.maximum(1);
  let loss = device.zeros([1]);
  for (const batch of microBatches) {
    const part = batch.loss().div(divisor);
    part.backward(device.ones(part.shape));
    loss = loss.add(part.detach());
  }
  const parts = parameters.map(({ grad, size }) => grad?.reshape([size]) ?? device.zeros([size]));
  const flat = device.empty([parts.reduce((sum, { size }) => sum + size, 1)]);
  let at = 0;
  for (const part of [...parts, loss]) flat.slice(0, at, (at += part.size)).copy_(part);
  world.allReduce(flat).wait();
  at = 0;
  for (const parameter of parameters) {
    parameter.grad = flat
      .slice(0, at, (at += parameter.size))
      .reshape(parameter.shape)
      .clone();
  }
  return flat.slice(0, at, at + 1).item();
}
