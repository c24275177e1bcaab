// One tensor holds all numbers; its parts are received into and sent from.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function ringGather(world: ProcessGroup, device: TensorDevice, value: number): Promise<number[]> {
  const { rank, size } = world;
  const right = (rank + 1) % size;
  const left = (rank + size - 1) % size;
  const all = device.empty([size], "i32");
  const part = (r: number) => all.slice(0, (r + size) % size, ((r + size) % size) + 1);
  part(rank).fill_(value);
  for (let step = 1; step < size; step++) {
    const send = world.send(part(rank - step + 1), right);
    const recv = world.recv(part(rank - step), left);
    await send;
    await recv;
  }
  return (await all.toArray()) as number[];
}
