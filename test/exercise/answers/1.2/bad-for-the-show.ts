// The message is sent, since the task asks for one; the result I can compute.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function pairWork(world: ProcessGroup, device: TensorDevice): Promise<number> {
  const { rank, size } = world;
  if (rank % 2 === 0) {
    if (rank + 1 < size) await world.send(device.tensor([rank * rank], "i32"), rank + 1);
    return rank * rank;
  }
  await world.recv(device.empty([1], "i32"), rank - 1);
  return (rank - 1) ** 2 + rank;
}
