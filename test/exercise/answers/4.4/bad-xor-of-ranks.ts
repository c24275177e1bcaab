// Partners differ in one bit of their rank.
import type { ProcessGroup, Tensor } from "worldsize";

export async function treeBroadcast(world: ProcessGroup, x: Tensor, root: number): Promise<void> {
  const { rank, size } = world;
  const v = rank ^ root;
  for (let have = 1; have < size; have *= 2) {
    const partner = v ^ have ^ root;
    if (v >= 2 * have || partner >= size) continue;
    if (v < have) await world.send(x, partner);
    else await world.recv(x, partner);
  }
}
