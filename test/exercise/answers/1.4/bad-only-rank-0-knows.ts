// The sum is for the first one.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function evenSum(world: ProcessGroup, device: TensorDevice, value: number): Promise<number | undefined> {
  const group = await world.split(world.rank % 2 === 0 ? 0 : undefined);
  if (!group) return undefined;
  const sum = device.tensor([value]);
  await group.reduce(sum, 0);
  return await sum.item();
}
