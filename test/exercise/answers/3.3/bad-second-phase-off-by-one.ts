// In the second phase each rank starts with its own chunk again.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function ringAllReduce(world: ProcessGroup, device: TensorDevice, x: Tensor): Promise<void> {
  const { rank, size } = world;
  const right = (rank + 1) % size;
  const left = (rank - 1 + size) % size;
  const start = (c: number): number => Math.floor((x.size * c) / size);
  const chunk = (i: number): Tensor => {
    const c = (i + 2 * size) % size;
    return x.slice(0, start(c), start(c + 1));
  };

  // Phase 1: chunk c travels from rank c to rank c - 1 and collects every rank's numbers.
  for (let step = 0; step < size - 1; step++) {
    const mine = chunk(rank - step);
    const sum = chunk(rank - step - 1);
    const incoming = device.empty([sum.size]);
    await Promise.all([world.send(mine, right), world.recv(incoming, left)]);
    sum.add_(incoming);
    incoming.dispose();
  }

  // Phase 2: rank r holds chunk r + 1 complete and passes it on; it overwrites what is there.
  for (let step = 0; step < size - 1; step++) {
    await Promise.all([world.send(chunk(rank - step), right), world.recv(chunk(rank - step - 1), left)]);
  }
}
