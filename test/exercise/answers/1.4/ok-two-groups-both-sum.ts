// Odd ranks have a group of their own, and nobody needs their sum.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function evenSum(world: ProcessGroup, device: TensorDevice, value: number): Promise<number | undefined> {
  const half = await world.split(world.rank % 2);
  const sum = device.tensor([value]);
  await half?.allReduce(sum);
  const total = await sum.item();
  return world.rank % 2 ? undefined : total;
}
