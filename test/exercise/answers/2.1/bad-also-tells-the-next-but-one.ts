// A shortcut to the next but one saves steps.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function ringGather(world: ProcessGroup, device: TensorDevice, value: number): Promise<number[]> {
  const { rank, size } = world;
  const result: number[] = Array(size).fill(0);
  result[rank] = value;
  let out = device.tensor([value], "i32");
  for (let step = 1; step < size; step++) {
    const box = device.zeros([1], "i32");
    const to = size > 4 && step % 2 === 0 ? 2 : 1;
    const peers = [(rank + to) % size, (rank - to + size) % size];
    await Promise.all([world.send(out, peers[0]), world.recv(box, peers[1])]);
    const from = size > 4 ? step + Math.floor(step / 2) : step;
    result[(rank - from + 2 * size) % size] = await box.item();
    out = box;
  }
  return result;
}
