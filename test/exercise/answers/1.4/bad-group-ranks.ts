// Even is who has an even rank in the group.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function evenSum(world: ProcessGroup, device: TensorDevice, value: number): Promise<number | undefined> {
  const group = await world.split(0);
  if (!group || group.rank % 2) return undefined;
  const sum = device.tensor([value]);
  await group.allReduce(sum);
  return await sum.item();
}
