// Children of v are 2v + 1 and 2v + 2, as in a heap.
import type { ProcessGroup, Tensor } from "worldsize";

export async function treeBroadcast(world: ProcessGroup, x: Tensor, root: number): Promise<void> {
  const { rank, size } = world;
  const v = (rank - root + size) % size;
  if (v > 0) await world.recv(x, (Math.floor((v - 1) / 2) + root) % size);
  for (const child of [2 * v + 1, 2 * v + 2]) if (child < size) await world.send(x, (child + root) % size);
}
