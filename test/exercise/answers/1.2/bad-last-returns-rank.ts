// Without a partner there is nothing to square.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function pairWork(world: ProcessGroup, device: TensorDevice): Promise<number> {
  const { rank, size } = world;
  if (rank % 2 === 1) {
    const x = device.empty([1], "i32");
    await world.recv(x, rank - 1);
    return (await x.item()) + rank;
  }
  if (rank + 1 === size) return rank;
  await world.send(device.tensor([rank * rank], "i32"), rank + 1);
  return rank * rank;
}
