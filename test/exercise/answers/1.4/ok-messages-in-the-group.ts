// A chain of messages within the group, and back.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function evenSum(world: ProcessGroup, device: TensorDevice, value: number): Promise<number | undefined> {
  const group = await world.split(world.rank % 2 === 0 ? 0 : undefined);
  if (!group) return undefined;
  const { rank, size } = group;
  const sum = device.zeros([1]);
  if (rank > 0) await group.recv(sum, rank - 1);
  sum.add_(value);
  if (rank + 1 < size) {
    await group.send(sum, rank + 1);
    await group.recv(sum, rank + 1);
  }
  if (rank > 0) await group.send(sum, rank - 1);
  return sum.item();
}
