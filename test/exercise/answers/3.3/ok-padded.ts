// A padded copy has chunks of equal length; copied back at the end.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function ringAllReduce(world: ProcessGroup, device: TensorDevice, x: Tensor): Promise<void> {
  const { rank, size } = world;
  const each = Math.ceil(x.size / size);
  const padded = device.zeros([size, each]);
  padded.flatten().slice(0, 0, x.size).copy_(x);
  const row = (i: number): Tensor => padded.select(0, (i + 3 * size) % size);
  const box = device.empty([each]);
  for (let s = 1; s < size; s++) {
    await Promise.all([world.send(row(rank - s), (rank + 1) % size), world.recv(box, (rank + size - 1) % size)]);
    row(rank - s - 1).add_(box);
  }
  for (let s = 0; s < size - 1; s++) {
    await Promise.all([
      world.send(row(rank - s), (rank + 1) % size),
      world.recv(row(rank - s - 1), (rank + size - 1) % size),
    ]);
  }
  x.copy_(padded.flatten().slice(0, 0, x.size));
}
