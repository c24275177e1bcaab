// A small message first says that the large one will come.
import type { ProcessGroup, Tensor } from "worldsize";

interface Sides {
  readonly left: Tensor;
  readonly right: Tensor;
}

export async function exchange(world: ProcessGroup, edges: Sides, halo: Sides): Promise<void> {
  const right = (world.rank + 1) % world.size;
  const left = (world.rank - 1 + world.size) % world.size;
  const ping = edges.left.slice(0, 0, 1);
  const pong = halo.left.slice(0, 0, 1);
  await Promise.all([world.send(ping, right, { tag: 9 }), world.recv(pong, left, { tag: 9 })]);
  await Promise.all([
    world.send(edges.right, right),
    world.send(edges.left, left),
    world.recv(halo.left, left),
    world.recv(halo.right, right),
  ]);
}
