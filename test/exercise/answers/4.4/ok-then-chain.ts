// Promises in a chain; the peer is found by a reversed count.
import type { ProcessGroup, Tensor } from "worldsize";

export function treeBroadcast(world: ProcessGroup, x: Tensor, root: number): Promise<void> {
  const { rank, size } = world;
  const v = (rank + size - root) % size;
  const have = (round: number): number => 2 ** round;
  const rounds = Math.ceil(Math.log2(size));
  const step = (round: number): Promise<void> => {
    if (round >= rounds) return Promise.resolve();
    const other = v < have(round) ? v + have(round) : v - have(round);
    if (v >= 2 * have(round) || other >= size) return step(round + 1);
    const peer = (other + root) % size;
    const work = v < have(round) ? world.send(x, peer) : world.recv(x, peer);
    return work.then(() => step(round + 1));
  };
  return step(0);
}
