// The first of a range gives it to the first of its upper half; both go on with their halves.
import type { ProcessGroup, Tensor } from "worldsize";

export async function treeBroadcast(world: ProcessGroup, x: Tensor, root: number): Promise<void> {
  const { rank, size } = world;
  const at = (v: number): number => (v + root) % size;
  const me = (rank - root + size) % size;
  let [low, high] = [0, size];
  while (high - low > 1) {
    const middle = Math.ceil((low + high) / 2);
    if (me === low) await world.send(x, at(middle));
    if (me === middle) await world.recv(x, at(low));
    if (me < middle) high = middle;
    else low = middle;
  }
}
