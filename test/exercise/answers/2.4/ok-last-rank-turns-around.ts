// Only the last rank receives first: one is enough to break the circle.
import type { ProcessGroup, Tensor } from "worldsize";

interface Sides {
  readonly left: Tensor;
  readonly right: Tensor;
}

export async function exchange(world: ProcessGroup, edges: Sides, halo: Sides): Promise<void> {
  const right = (world.rank + 1) % world.size;
  const left = (world.rank - 1 + world.size) % world.size;
  const last = world.rank === world.size - 1;
  const first = last ? world.recv(halo.left, left) : world.send(edges.right, right);
  await first;
  await (last ? world.send(edges.right, right) : world.recv(halo.left, left));
  await (last ? world.recv(halo.right, right) : world.send(edges.left, left));
  await (last ? world.send(edges.left, left) : world.recv(halo.right, right));
}
