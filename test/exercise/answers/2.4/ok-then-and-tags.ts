// Each operation has its .then, and each direction its tag; only the last one is awaited.
import type { ProcessGroup, Tensor } from "worldsize";

interface Sides {
  readonly left: Tensor;
  readonly right: Tensor;
}

export async function exchange(world: ProcessGroup, edges: Sides, halo: Sides): Promise<void> {
  const right = (world.rank + 1) % world.size;
  const left = (world.rank - 1 + world.size) % world.size;
  const [toTheRight, toTheLeft] = [{ tag: 1 }, { tag: 2 }];
  let open = 4;
  await new Promise<void>((resolve, reject) => {
    const done = () => --open === 0 && resolve();
    world.send(edges.left, left, toTheLeft).then(done, reject);
    world.recv(halo.right, right, toTheLeft).then(done, reject);
    world.recv(halo.left, left, toTheRight).then(done, reject);
    world.send(edges.right, right, toTheRight).then(done, reject);
  });
}
