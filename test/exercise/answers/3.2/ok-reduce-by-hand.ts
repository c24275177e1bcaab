// A chain hands the best so far from rank to rank; the last one tells all.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function argmax(world: ProcessGroup, device: TensorDevice, x: Tensor) {
  const { rank, size } = world;
  let best = [await x.max().item(), rank, await x.argmax().item()];
  const box = device.empty([3]);
  if (rank > 0) {
    await world.recv(box, rank - 1);
    const before = (await box.toArray()) as number[];
    if (before[0] >= best[0]) best = before;
  }
  box.copy_(device.tensor(best));
  if (rank < size - 1) await world.send(box, rank + 1);
  await world.broadcast(box, size - 1);
  const [value, owner, index] = (await box.toArray()) as number[];
  return { value, rank: owner, index };
}
