// All receives are called before the first send; each send waits for its number alone.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function ringGather(world: ProcessGroup, device: TensorDevice, value: number): Promise<number[]> {
  const { rank, size } = world;
  const right = (rank + 1) % size;
  const left = (rank + size - 1) % size;
  const boxes = Array.from({ length: size - 1 }, () => device.zeros([1, 1], "i32"));
  const arrivals = boxes.map((box) => world.recv(box, left).then(() => box.item()));
  const result: number[] = [];
  result[rank] = value;
  let last = value;
  for (const [i, arrival] of arrivals.entries()) {
    await world.send(device.tensor([[last]], "i32"), right);
    last = await arrival;
    result[(rank + size - i - 1) % size] = last;
  }
  return result;
}
