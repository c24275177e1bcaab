// A tensor travels one element at a time.
import type { ProcessGroup, Tensor } from "worldsize";

export async function treeBroadcast(world: ProcessGroup, x: Tensor, root: number): Promise<void> {
  const { rank, size } = world;
  const v = (rank - root + size) % size;
  const flat = x.flatten();
  let bit = 1;
  while (bit < size && (v & bit) === 0) bit *= 2;
  for (let i = 0; v > 0 && i < flat.size; i++) await world.recv(flat.slice(0, i, i + 1), (v - bit + root) % size);
  for (bit /= 2; bit >= 1; bit /= 2) {
    for (let i = 0; i < flat.size && v + bit < size; i++) {
      await world.send(flat.slice(0, i, i + 1), (v + bit + root) % size);
    }
  }
}
