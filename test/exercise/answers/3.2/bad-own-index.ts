// argmax gives the index; all_reduce gives the value; somebody has it.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function argmax(world: ProcessGroup, device: TensorDevice, x: Tensor) {
  const own = await x.max().item();
  const top = device.tensor([own]);
  await world.allReduce(top, "max");
  const value = await top.item();
  const rank = (await world.allGatherObject(own)).indexOf(value);
  return { value, rank, index: await x.argmax().item() };
}
