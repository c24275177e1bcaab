// Sums travel to the right, finished chunks to the left.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function ringAllReduce(world: ProcessGroup, device: TensorDevice, x: Tensor): Promise<void> {
  const { rank, size } = world;
  const left = (rank + size - 1) % size;
  const right = (rank + 1) % size;
  const chunk = (i: number): Tensor => {
    const c = (i + 2 * size) % size;
    return x.slice(0, Math.floor((x.size * c) / size), Math.floor((x.size * (c + 1)) / size));
  };
  for (let s = 0; s < size - 1; s++) {
    const sum = chunk(rank - s - 1);
    const incoming = device.empty([sum.size]);
    await Promise.all([world.send(chunk(rank - s), right), world.recv(incoming, left)]);
    sum.add_(incoming);
  }
  for (let s = 0; s < size - 1; s++) {
    await Promise.all([world.send(chunk(rank + 1 + s), left), world.recv(chunk(rank + 2 + s), right)]);
  }
}
