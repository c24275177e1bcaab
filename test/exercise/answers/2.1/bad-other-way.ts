// A ring is a ring: it may as well turn to the left.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function ringGather(world: ProcessGroup, device: TensorDevice, value: number): Promise<number[]> {
  const { rank, size } = world;
  const right = (rank + 1) % size;
  const left = (rank + size - 1) % size;
  const result: number[] = Array(size).fill(0);
  result[rank] = value;
  let out = device.tensor([value], "i32");
  for (let step = 1; step < size; step++) {
    const box = device.zeros([1], "i32");
    await Promise.all([world.send(out, left), world.recv(box, right)]);
    result[(rank + step) % size] = await box.item();
    out = box;
  }
  return result;
}
