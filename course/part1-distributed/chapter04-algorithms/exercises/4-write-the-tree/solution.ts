// A binomial tree, counted from the root; the child with most ranks below it is served first.
import type { ProcessGroup, Tensor } from "worldsize";

export async function treeBroadcast(world: ProcessGroup, x: Tensor, root: number): Promise<void> {
  const { rank, size } = world;
  const v = (rank - root + size) % size;
  let bit = 1;
  while (bit < size && (v & bit) === 0) bit *= 2;
  if (v > 0) await world.recv(x, (v - bit + root) % size);
  for (bit /= 2; bit >= 1; bit /= 2) {
    if (v + bit < size) await world.send(x, (v + bit + root) % size);
  }
}
