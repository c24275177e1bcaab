// value times the ranks plus the rank: one all_reduce finds both.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function argmax(world: ProcessGroup, device: TensorDevice, x: Tensor) {
  const { rank, size } = world;
  const code = device.tensor([(await x.max().item()) * size + (size - 1 - rank)]);
  await world.allReduce(code, "max");
  const best = await code.item();
  const value = Math.floor(best / size);
  const owner = size - 1 - (best - value * size);
  return { value, rank: owner, index: await world.broadcastObject(await x.argmax().item(), owner) };
}
