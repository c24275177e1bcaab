// The first and the last rank have one neighbour only: the picture ends there.
import type { ProcessGroup, Tensor } from "worldsize";

interface Sides {
  readonly left: Tensor;
  readonly right: Tensor;
}

export async function exchange(world: ProcessGroup, edges: Sides, halo: Sides): Promise<void> {
  const right = (world.rank + 1) % world.size;
  const left = (world.rank - 1 + world.size) % world.size;
  const works = [];
  if (world.rank < world.size - 1) works.push(world.send(edges.right, right), world.recv(halo.right, right));
  if (world.rank > 0) works.push(world.send(edges.left, left), world.recv(halo.left, left));
  await Promise.all(works);
}
