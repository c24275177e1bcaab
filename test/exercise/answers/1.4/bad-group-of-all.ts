// Everybody has color 0: even is 0.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function evenSum(world: ProcessGroup, device: TensorDevice, value: number): Promise<number | undefined> {
  const group = await world.split(0);
  if (!group || world.rank % 2 === 1) return undefined;
  const { rank, size } = group;
  const sum = device.tensor([value]);
  if (rank > 0) await group.send(sum, 0);
  else {
    for (let r = 2; r < size; r += 2) {
      const more = device.zeros([1]);
      await group.recv(more, r);
      sum.add_(more);
    }
  }
  for (let r = 2; r < size; r += 2) {
    if (rank === 0) await group.send(sum, r);
    if (rank === r) await group.recv(sum, 0);
  }
  return sum.item();
}
