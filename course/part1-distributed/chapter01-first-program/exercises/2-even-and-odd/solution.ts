// One function, two roles: what a rank does depends on its number alone.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function pairWork(world: ProcessGroup, device: TensorDevice): Promise<number> {
  const { rank, size } = world;
  if (rank % 2 === 1) {
    const received = device.zeros([1], "i32");
    await world.recv(received, rank - 1);
    return (await received.item()) + rank;
  }
  const square = device.tensor([rank * rank], "i32");
  if (rank + 1 < size) await world.send(square, rank + 1);
  return rank * rank;
}
