// Reduce-scatter is the work; the rest is already there.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function ringAllReduce(world: ProcessGroup, device: TensorDevice, x: Tensor): Promise<void> {
  const { rank, size } = world;
  const start = (c: number): number => Math.floor((x.size * c) / size);
  const chunk = (i: number): Tensor => {
    const c = (i + 2 * size) % size;
    return x.slice(0, start(c), start(c + 1));
  };
  for (let step = 0; step < size - 1; step++) {
    const target = chunk(rank - step - 1);
    const box = device.empty([target.size]);
    await Promise.all([world.send(chunk(rank - step), (rank + 1) % size), world.recv(box, (rank + size - 1) % size)]);
    target.add_(box);
  }
}
