// Rank 0 hands the squares out by a broadcast.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function pairWork(world: ProcessGroup, device: TensorDevice): Promise<number> {
  const { rank, size } = world;
  const squares = device.tensor(
    Array.from({ length: size }, (_, r) => r * r),
    "i32",
  );
  await world.broadcast(squares, 0);
  const all = (await squares.toArray()) as number[];
  return rank % 2 === 0 ? all[rank] : all[rank - 1] + rank;
}
