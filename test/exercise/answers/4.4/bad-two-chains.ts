// Both ways around at once takes half the time.
import type { ProcessGroup, Tensor } from "worldsize";

export async function treeBroadcast(world: ProcessGroup, x: Tensor, root: number): Promise<void> {
  const { rank, size } = world;
  const v = (rank - root + size) % size;
  const half = Math.floor(size / 2);
  const at = (u: number): number => (u + root + size) % size;
  if (v > 0 && v <= half) await world.recv(x, at(v - 1));
  if (v > half) await world.recv(x, at(v + 1));
  if (v < half) await world.send(x, at(v + 1));
  if (v === 0 && size - 1 > half) await world.send(x, at(-1));
  if (v > half + 1) await world.send(x, at(v - 1));
}
