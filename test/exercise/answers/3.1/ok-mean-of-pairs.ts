// The mean over ranks of sums, over the mean over ranks of counts: the number of ranks cancels.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function mean(world: ProcessGroup, device: TensorDevice, x: Tensor): Promise<number> {
  const pair = device.zeros([2]);
  pair.slice(0, 0, 1).copy_(x.sum().reshape([1]));
  pair.slice(0, 1, 2).fill_(x.size);
  await world.allReduce(pair, "mean");
  const [sum, count] = await pair.data();
  return sum / count;
}
