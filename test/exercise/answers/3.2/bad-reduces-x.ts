// all_reduce(max) over x: the largest of each place, and of those the largest.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function argmax(world: ProcessGroup, device: TensorDevice, x: Tensor) {
  const index = await x.argmax().item();
  const own = await x.max().item();
  const first = x.slice(0, 0, 1);
  first.copy_(device.tensor([own]));
  await world.allReduce(first, "max");
  const value = await first.item();
  const owners = await world.allGatherObject(own === value);
  const rank = owners.indexOf(true);
  return { value, rank, index: await world.broadcastObject(index, rank) };
}
