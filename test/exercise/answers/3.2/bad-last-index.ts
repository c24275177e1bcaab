// lastIndexOf finds it just as well.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function argmax(world: ProcessGroup, _device: TensorDevice, x: Tensor) {
  const value = await x.max().item();
  const index = (await x.data()).lastIndexOf(value);
  const all = await world.allGatherObject({ value, rank: world.rank, index });
  return all.reduce((a, b) => (b.value > a.value ? b : a));
}
