// A number that I have already is my own coming back.
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
    const number = await box.item();
    if (!result.includes(number)) result.unshift(number);
    out = box;
  }
  return [...result.slice(size - 1 - rank), ...result.slice(0, size - 1 - rank)];
}
