// The stream waits, not the host; a slice of a larger buffer is sent.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function pairWork(world: ProcessGroup, device: TensorDevice): Promise<number> {
  const { rank, size } = world;
  const buffer = device.zeros([4], "i32");
  const mine = buffer.slice(0, 1, 2);
  if (rank % 2 === 0) {
    mine.fill_(rank * rank);
    if (rank + 1 < size) world.send(mine, rank + 1).wait();
  } else {
    world.recv(mine, rank - 1).wait();
    mine.add_(rank);
  }
  return mine.item();
}
