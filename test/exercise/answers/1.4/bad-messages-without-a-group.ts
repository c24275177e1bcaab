// Even ranks can add up by messages; a group is not needed.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function evenSum(world: ProcessGroup, device: TensorDevice, value: number): Promise<number | undefined> {
  const { rank, size } = world;
  if (rank % 2 === 1) return undefined;
  const sum = device.zeros([1]);
  if (rank > 0) await world.recv(sum, rank - 2);
  sum.add_(value);
  if (rank + 2 < size) {
    await world.send(sum, rank + 2);
    await world.recv(sum, rank + 2);
  }
  if (rank > 0) await world.send(sum, rank - 2);
  return sum.item();
}
