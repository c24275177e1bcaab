// The tree stands on rank 0, whoever the root is.
import type { ProcessGroup, Tensor } from "worldsize";

export async function treeBroadcast(world: ProcessGroup, x: Tensor, root: number): Promise<void> {
  const { rank, size } = world;
  const v = rank - root;
  let bit = 1;
  while (bit < size && (v & bit) === 0) bit *= 2;
  if (v !== 0) await world.recv(x, v - (v & -v) + root);
  for (bit /= 2; bit >= 1; bit /= 2) {
    if (v + bit + root < size) await world.send(x, v + bit + root);
  }
}
