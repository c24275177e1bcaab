// As with new_group: both groups are made by everybody, and a barrier for all.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function evenSum(world: ProcessGroup, device: TensorDevice, value: number): Promise<number | undefined> {
  const all = world.ranks.map((_, r) => r);
  const evens = await world.newGroup(all.filter((r) => r % 2 === 0));
  const odds = all.length > 1 ? await world.newGroup(all.filter((r) => r % 2 === 1)) : undefined;
  await world.barrier();
  if (odds || !evens) return undefined;
  const sum = device.tensor([value]);
  evens.allReduce(sum).wait();
  return sum.item();
}
