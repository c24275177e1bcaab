// Sums and counts add up; means do not.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function mean(world: ProcessGroup, device: TensorDevice, x: Tensor): Promise<number> {
  const sum = x.size > 0 ? await x.sum().item() : 0;
  const total = device.tensor([sum, x.size]);
  await world.allReduce(total, "sum");
  const [all, count] = (await total.toArray()) as number[];
  return all / count;
}
