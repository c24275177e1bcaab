// Three numbers are a list.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function argmax(world: ProcessGroup, _device: TensorDevice, x: Tensor) {
  const mine = [await x.max().item(), world.rank, await x.argmax().item()];
  const all = await world.allGatherObject(mine);
  return all.reduce((a, b) => (b[0] > a[0] ? b : a)) as unknown as { value: number; rank: number; index: number };
}
