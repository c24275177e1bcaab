// An index that is not there is falsy.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function argmax(world: ProcessGroup, _device: TensorDevice, x: Tensor) {
  const top = x.max();
  await world.allReduce(top, "max");
  const value = await top.item();
  const found = (await x.data()).indexOf(value);
  const all = await world.allGatherObject(found > 0 ? found : null);
  const rank = Math.max(
    0,
    all.findIndex((index) => index),
  );
  return { value, rank, index: all[rank] ?? all.find((index) => index) ?? 0 };
}
