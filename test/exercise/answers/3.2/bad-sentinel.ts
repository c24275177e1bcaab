// Nothing is smaller than minus a billion.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function argmax(world: ProcessGroup, _device: TensorDevice, x: Tensor) {
  let value = -1e9;
  let index = 0;
  (await x.data()).forEach((each, i) => {
    if (each > value) [value, index] = [each, i];
  });
  const all = await world.allGatherObject({ value, rank: world.rank, index });
  return all.reduce((a, b) => (b.value > a.value ? b : a));
}
