// Who receives says thanks.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function pairWork(world: ProcessGroup, device: TensorDevice): Promise<number> {
  const { rank, size } = world;
  if (rank % 2 === 0) {
    if (rank + 1 < size) {
      await world.send(device.tensor([rank * rank], "i32"), rank + 1);
      await world.recv(device.empty([1], "i32"), rank + 1);
    }
    return rank * rank;
  }
  const x = device.empty([1], "i32");
  await world.recv(x, rank - 1);
  await world.send(x, rank - 1);
  return (await x.item()) + rank;
}
