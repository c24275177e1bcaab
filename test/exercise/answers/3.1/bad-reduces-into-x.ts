// x has room for the sum in its first element.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function mean(world: ProcessGroup, device: TensorDevice, x: Tensor): Promise<number> {
  const count = device.tensor([x.size]);
  const sum = x.size > 0 ? x.sum() : device.zeros([]);
  if (x.size > 0) x.slice(0, 0, 1).copy_(sum.reshape([1]));
  await Promise.all([world.allReduce(sum), world.allReduce(count)]);
  return (await sum.item()) / (await count.item());
}
