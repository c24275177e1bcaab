// Two messages are safer than one.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function pairWork(world: ProcessGroup, device: TensorDevice): Promise<number> {
  const { rank, size } = world;
  const half = device.tensor([(rank * rank) / 2], "i32");
  if (rank % 2 === 0) {
    if (rank + 1 < size) {
      await world.send(half, rank + 1);
      await world.send(half, rank + 1);
    }
    return rank * rank;
  }
  const [a, b] = [device.empty([1], "i32"), device.empty([1], "i32")];
  await world.recv(a, rank - 1);
  await world.recv(b, rank - 1);
  return (await a.add(b).item()) + rank;
}
