// Rank 0 knows how many numbers a rank has.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function mean(world: ProcessGroup, _device: TensorDevice, x: Tensor): Promise<number> {
  const each = await world.broadcastObject(x.size, 0);
  const sum = x.sum();
  await world.allReduce(sum);
  return (await sum.item()) / (each * world.size);
}
