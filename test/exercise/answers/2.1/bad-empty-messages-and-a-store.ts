// The number travels as the tag; the message itself may be empty.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function ringGather(world: ProcessGroup, device: TensorDevice, value: number): Promise<number[]> {
  const { rank, size } = world;
  const right = (rank + 1) % size;
  const left = (rank + size - 1) % size;
  const result: number[] = Array(size).fill(0);
  result[rank] = value;
  for (let step = 1; step < size; step++) {
    const box = device.empty([0], "i32");
    await Promise.all([
      world.send(device.empty([0], "i32"), right, { tag: step }),
      world.recv(box, left, { tag: step }),
    ]);
    result[(rank - step + size) % size] = value;
  }
  return result;
}
