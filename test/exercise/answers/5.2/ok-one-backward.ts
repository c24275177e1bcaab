// One backward per step, through the mean of all its micro-batches.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

interface MicroBatch {
  /** The mean over its tokens. */
  loss(): Tensor;
}

interface Optimizer {
  step(): void;
  zeroGrad(): void;
}

export async function train(
  world: ProcessGroup,
  device: TensorDevice,
  parameters: Tensor[],
  optimizer: Optimizer,
  steps: MicroBatch[][],
): Promise<number[]> {
  const losses: number[] = [];
  for (const microBatches of steps) {
    let sum = device.zeros([]);
    for (const batch of microBatches) sum = sum.add(batch.loss());
    const whole = sum.div(microBatches.length);
    whole.backward();
    const mean = whole.detach().clone();
    await average(world, device, [mean, ...parameters.flatMap(({ grad }) => grad ?? [])]);
    optimizer.step();
    optimizer.zeroGrad();
    losses.push(await mean.item());
  }
  return losses;
}

/** Every tensor becomes its mean over the ranks: all in one allReduce. */
async function average(world: ProcessGroup, device: TensorDevice, tensors: Tensor[]): Promise<void> {
  const flat = device.empty([tensors.reduce((sum, { size }) => sum + size, 0)]);
  let at = 0;
  for (const each of tensors) flat.slice(0, at, (at += each.size)).copy_(each.flatten());
  await world.allReduce(flat);
  flat.div_(world.size);
  at = 0;
  for (const each of tensors) each.copy_(flat.slice(0, at, (at += each.size)).reshape(each.shape));
}
