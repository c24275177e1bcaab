// The list is what came, in the order it came.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function ringGather(world: ProcessGroup, device: TensorDevice, value: number): Promise<number[]> {
  const { rank, size } = world;
  const right = (rank + 1) % size;
  const left = (rank + size - 1) % size;
  const result = [value];
  let out = device.tensor([value], "i32");
  for (let step = 1; step < size; step++) {
    const box = device.zeros([1], "i32");
    await Promise.all([world.send(out, right), world.recv(box, left)]);
    result.push(await box.item());
    out = box;
  }
  return result;
}
