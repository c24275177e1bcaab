// The stream waits, not the program; what is left over lies in the last chunk.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function ringAllReduce(world: ProcessGroup, device: TensorDevice, x: Tensor): Promise<void> {
  const { rank, size } = world;
  const each = Math.floor(x.size / size);
  const chunks = Array.from({ length: size }, (_, c) => x.slice(0, c * each, c === size - 1 ? x.size : (c + 1) * each));
  const next = (rank + 1) % size;
  const previous = (rank + size - 1) % size;
  for (let step = 0; step < 2 * size - 2; step++) {
    const out = chunks[(rank - step + 2 * size) % size];
    const target = chunks[(rank - step - 1 + 2 * size) % size];
    const box = step < size - 1 ? device.empty([target.size]) : target;
    const works = [world.send(out, next), world.recv(box, previous)];
    for (const work of works) work.wait();
    if (box !== target) target.add_(box);
  }
}
