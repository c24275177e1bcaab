// A root of roots: every fourth rank gets it first, and serves the three after it.
import type { ProcessGroup, Tensor } from "worldsize";

export async function treeBroadcast(world: ProcessGroup, x: Tensor, root: number): Promise<void> {
  const { rank, size } = world;
  const v = (rank - root + size) % size;
  const at = (u: number): number => (u + root) % size;
  const head = v - (v % 4);
  if (v !== head) await world.recv(x, at(head));
  else if (v > 0) await world.recv(x, at(0));
  if (v === 0) for (let h = 4; h < size; h += 4) await world.send(x, at(h));
  if (v === head) for (let u = v + 1; u < Math.min(v + 4, size); u++) await world.send(x, at(u));
}
