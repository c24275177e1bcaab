// toFixed makes it a neat number.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function mean(world: ProcessGroup, device: TensorDevice, x: Tensor): Promise<number> {
  const total = device.tensor([await x.sum().item(), x.size]);
  await world.allReduce(total);
  const [sum, count] = (await total.toArray()) as number[];
  return (sum / count).toFixed(4) as unknown as number;
}
