// Chunk c goes straight to rank c, and from there to all: as few messages.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function ringAllReduce(world: ProcessGroup, device: TensorDevice, x: Tensor): Promise<void> {
  const { rank, size } = world;
  const start = (c: number): number => Math.floor((x.size * c) / size);
  const chunk = (c: number): Tensor => x.slice(0, start(c), start(c + 1));
  for (let d = 1; d < size; d++) {
    const [to, from] = [(rank + d) % size, (rank - d + size) % size];
    const box = device.empty([chunk(rank).size]);
    await Promise.all([world.send(chunk(to), to), world.recv(box, from)]);
    chunk(rank).add_(box);
  }
  for (let d = 1; d < size; d++) {
    const [to, from] = [(rank + d) % size, (rank - d + size) % size];
    await Promise.all([world.send(chunk(rank), to), world.recv(chunk(from), from)]);
  }
}
