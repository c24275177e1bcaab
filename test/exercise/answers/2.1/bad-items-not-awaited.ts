// Promise.all waits for everything, also for what is in the list.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function ringGather(world: ProcessGroup, device: TensorDevice, value: number): Promise<number[]> {
  const { rank, size } = world;
  const right = (rank + 1) % size;
  const left = (rank + size - 1) % size;
  const result: unknown[] = Array(size);
  result[rank] = value;
  let out = device.tensor([value], "i32");
  for (let step = 1; step < size; step++) {
    const box = device.zeros([1], "i32");
    await Promise.all([world.send(out, right), world.recv(box, left)]);
    result[(rank - step + size) % size] = box.item();
    out = box;
  }
  return result as number[];
}
