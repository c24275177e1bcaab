// The tensor is the result.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function pairWork(world: ProcessGroup, device: TensorDevice): Promise<number> {
  const { rank, size } = world;
  const x = device.tensor([rank * rank], "i32");
  if (rank % 2 === 0) {
    if (rank + 1 < size) await world.send(x, rank + 1);
    return x as unknown as number;
  }
  await world.recv(x, rank - 1);
  return x.add_(rank) as unknown as number;
}
