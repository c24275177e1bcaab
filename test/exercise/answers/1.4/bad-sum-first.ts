// First the sum of all, then of the even.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function evenSum(world: ProcessGroup, device: TensorDevice, value: number): Promise<number | undefined> {
  const sum = device.tensor([value]);
  await world.allReduce(sum);
  const group = await world.split(world.rank % 2 === 0 ? 0 : undefined);
  if (!group) return undefined;
  const mine = device.tensor([value]);
  await group.allReduce(mine);
  return await mine.item();
}
