// What is received is the tensor; x is only its name.
import type { ProcessGroup, Tensor } from "worldsize";

export async function treeBroadcast(world: ProcessGroup, x: Tensor, root: number): Promise<void> {
  const { rank, size } = world;
  const v = (rank - root + size) % size;
  let own = x;
  for (let have = 1; have < size; have *= 2) {
    if (v < have && v + have < size) await world.send(own, (v + have + root) % size);
    if (v >= have && v < 2 * have) {
      own = x.clone();
      await world.recv(own, (v - have + root) % size);
    }
  }
}
