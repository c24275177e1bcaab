// What arrives in step s has travelled s links: it is rank - s's.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function ringGather(world: ProcessGroup, device: TensorDevice, value: number): Promise<number[]> {
  const { rank, size } = world;
  const right = (rank + 1) % size;
  const left = (rank - 1 + size) % size;
  const result: number[] = Array(size).fill(0);
  result[rank] = value;
  let outgoing = device.tensor([value], "i32");
  for (let step = 1; step < size; step++) {
    const incoming = device.zeros([1], "i32");
    await Promise.all([world.send(outgoing, right), world.recv(incoming, left)]);
    result[(rank - step + size) % size] = await incoming.item();
    outgoing = incoming;
  }
  return result;
}
