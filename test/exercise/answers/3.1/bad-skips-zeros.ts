// A zero adds nothing, so it need not be counted.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function mean(world: ProcessGroup, device: TensorDevice, x: Tensor): Promise<number> {
  const numbers = ((await x.toArray()) as number[]).filter(Boolean);
  const total = device.tensor([numbers.reduce((a, b) => a + b, 0), numbers.length]);
  await world.allReduce(total);
  const [sum, count] = (await total.toArray()) as number[];
  return sum / count;
}
