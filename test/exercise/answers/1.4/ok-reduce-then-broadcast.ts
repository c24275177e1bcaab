// One adds up, and tells the others.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function evenSum(world: ProcessGroup, device: TensorDevice, value: number): Promise<number | undefined> {
  const group = await world.split(world.rank % 2 === 0 ? 0 : undefined);
  if (!group) return undefined;
  using members = group;
  const sum = device.tensor([value]);
  await members.reduce(sum, 0, "sum");
  await members.broadcast(sum, 0);
  return await sum.item();
}
