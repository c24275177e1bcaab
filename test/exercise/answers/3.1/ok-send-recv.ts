// Around the ring by hand: n - 1 steps, each passes on what came.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function mean(world: ProcessGroup, device: TensorDevice, x: Tensor): Promise<number> {
  const { rank, size } = world;
  const total = device.tensor([await x.sum().item(), x.size]);
  let passing = total.clone();
  for (let step = 1; step < size; step++) {
    const incoming = device.empty([2]);
    await Promise.all([world.send(passing, (rank + 1) % size), world.recv(incoming, (rank + size - 1) % size)]);
    total.add_(incoming);
    passing = incoming;
  }
  const [sum, count] = (await total.toArray()) as number[];
  return sum / count;
}
