// All four operations are started, then awaited together: no rank holds up another.
import type { ProcessGroup, Tensor } from "worldsize";

interface Sides {
  readonly left: Tensor;
  readonly right: Tensor;
}

export async function exchange(world: ProcessGroup, edges: Sides, halo: Sides): Promise<void> {
  const right = (world.rank + 1) % world.size;
  const left = (world.rank - 1 + world.size) % world.size;

  await Promise.all([
    world.send(edges.right, right),
    world.send(edges.left, left),
    world.recv(halo.left, left),
    world.recv(halo.right, right),
  ]);
}
