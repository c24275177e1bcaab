// Down the chain and back up, chunk by chunk, is a ring that is not closed.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function ringAllReduce(world: ProcessGroup, device: TensorDevice, x: Tensor): Promise<void> {
  const { rank, size } = world;
  const start = (c: number): number => Math.floor((x.size * c) / size);
  for (let c = 0; c < size; c++) {
    const chunk = x.slice(0, start(c), start(c + 1));
    const box = device.empty([chunk.size]);
    if (rank > 0) {
      await world.recv(box, rank - 1);
      chunk.add_(box);
    }
    if (rank < size - 1) {
      await world.send(chunk, rank + 1);
      await world.recv(chunk, rank + 1);
    }
    if (rank > 0) await world.send(chunk, rank - 1);
  }
}
