// What comes in is put where what goes out still lies.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function ringGather(world: ProcessGroup, device: TensorDevice, value: number): Promise<number[]> {
  const { rank, size } = world;
  const result: number[] = Array(size).fill(0);
  result[rank] = value;
  const box = device.tensor([value], "i32");
  for (let step = 1; step < size; step++) {
    const sent = world.send(box, (rank + 1) % size);
    await world.recv(box, (rank - 1 + size) % size);
    await sent;
    result[(rank - step + size) % size] = await box.item();
  }
  return result;
}
