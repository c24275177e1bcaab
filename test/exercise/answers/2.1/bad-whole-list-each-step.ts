// Passing the whole list on is simpler than thinking about whose number it is.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function ringGather(world: ProcessGroup, device: TensorDevice, value: number): Promise<number[]> {
  const { rank, size } = world;
  const right = (rank + 1) % size;
  const left = (rank + size - 1) % size;
  const mine = Array<number>(size).fill(0);
  mine[rank] = value;
  let all = device.tensor(mine, "i32");
  for (let step = 1; step < size; step++) {
    const box = device.zeros([size], "i32");
    await Promise.all([world.send(all, right), world.recv(box, left)]);
    const next = (await box.toArray()) as number[];
    next[rank] = value;
    all = device.tensor(next, "i32");
  }
  return (await all.toArray()) as number[];
}
