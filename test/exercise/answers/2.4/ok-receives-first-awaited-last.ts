// Receives are called first and awaited last, the sends one by one in between.
import type { ProcessGroup, Tensor } from "worldsize";

interface Sides {
  readonly left: Tensor;
  readonly right: Tensor;
}

export async function exchange(world: ProcessGroup, edges: Sides, halo: Sides): Promise<void> {
  const right = (world.rank + 1) % world.size;
  const left = (world.rank - 1 + world.size) % world.size;
  const arrivals = [world.recv(halo.left, left), world.recv(halo.right, right)];
  await world.send(edges.right, right);
  await world.send(edges.left, left);
  for (const arrival of arrivals) await arrival;
}
