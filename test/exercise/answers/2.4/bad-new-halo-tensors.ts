// The halo is whatever I put there.
import type { ProcessGroup, Tensor } from "worldsize";

interface Sides {
  readonly left: Tensor;
  readonly right: Tensor;
}

export async function exchange(world: ProcessGroup, edges: Sides, halo: Sides): Promise<void> {
  const right = (world.rank + 1) % world.size;
  const left = (world.rank - 1 + world.size) % world.size;
  const [a, b] = [halo.left.clone(), halo.right.clone()];
  await Promise.all([
    world.send(edges.right, right),
    world.send(edges.left, left),
    world.recv(a, left),
    world.recv(b, right),
  ]);
  Object.assign(halo, { left: a, right: b });
}
