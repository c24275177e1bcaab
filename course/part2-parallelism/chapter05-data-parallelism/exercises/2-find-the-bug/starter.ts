// Exercise 5.2: there is a bug in this loop. The loss falls as it should; the gradients are wrong.
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
    const mean = device.zeros([1]); // of the step's micro-batches
    for (const batch of microBatches) {
      const loss = batch.loss();
      loss.backward();
      mean.add_(loss.detach().div(microBatches.length));
    }
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
