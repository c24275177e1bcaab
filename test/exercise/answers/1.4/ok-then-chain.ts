// A chain of thens, and the group is given back.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function evenSum(world: ProcessGroup, device: TensorDevice, value: number): Promise<number | undefined> {
  const color = world.rank & 1 ? undefined : 3;
  return world.split(color, world.size - world.rank, "even").then((group) => {
    if (!group) return;
    const sum = device.full([], value, "f32");
    return group
      .allReduce(sum)
      .then((x) => x.item())
      .finally(() => group.destroy());
  });
}
