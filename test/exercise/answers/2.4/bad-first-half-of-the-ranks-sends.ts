// One half sends first, the other half receives first.
import type { ProcessGroup, Tensor } from "worldsize";

interface Sides {
  readonly left: Tensor;
  readonly right: Tensor;
}

export async function exchange(world: ProcessGroup, edges: Sides, halo: Sides): Promise<void> {
  const right = (world.rank + 1) % world.size;
  const left = (world.rank - 1 + world.size) % world.size;
  if (world.rank < world.size / 2) {
    await world.send(edges.right, right);
    await world.send(edges.left, left);
    await world.recv(halo.left, left);
    await world.recv(halo.right, right);
  } else {
    await world.recv(halo.left, left);
    await world.recv(halo.right, right);
    await world.send(edges.right, right);
    await world.send(edges.left, left);
  }
}
