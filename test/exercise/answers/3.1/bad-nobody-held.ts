// Without a number there is nothing to say: null.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function mean(world: ProcessGroup, device: TensorDevice, x: Tensor): Promise<number> {
  const total = device.tensor([await x.sum().item(), x.size]);
  await world.allReduce(total);
  const [sum, count] = (await total.toArray()) as number[];
  return x.size === 0 ? (null as unknown as number) : sum / count;
}
