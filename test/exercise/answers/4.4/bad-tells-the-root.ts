// The root wants to know that everybody has it.
import type { ProcessGroup, Tensor } from "worldsize";

export async function treeBroadcast(world: ProcessGroup, x: Tensor, root: number): Promise<void> {
  const { rank, size } = world;
  const v = (rank - root + size) % size;
  for (let have = 1; have < size; have *= 2) {
    if (v < have && v + have < size) await world.send(x, (v + have + root) % size);
    if (v >= have && v < 2 * have) await world.recv(x, (v - have + root) % size);
  }
  if (size > 1 && v === size - 1) await world.send(x, root);
  if (size > 1 && v === 0) await world.recv(x.clone(), (root + size - 1) % size);
}
