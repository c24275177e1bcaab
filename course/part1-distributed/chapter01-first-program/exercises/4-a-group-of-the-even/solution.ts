// Every rank helps to make the group; only its members use it.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function evenSum(world: ProcessGroup, device: TensorDevice, value: number): Promise<number | undefined> {
  const even = world.rank % 2 === 0;
  const group = await world.split(even ? 0 : undefined);
  if (!group) return undefined;
  const sum = device.tensor([value]);
  await group.allReduce(sum, "sum");
  return await sum.item();
}
