// A batch with one entry, or none.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function pairWork(world: ProcessGroup, device: TensorDevice): Promise<number> {
  const { rank, size } = world;
  const even = rank % 2 === 0;
  const peer = even ? rank + 1 : rank - 1;
  const tensor = device.full([], even ? rank ** 2 : -1, "i32");
  const op = even ? ("send" as const) : ("recv" as const);
  await Promise.all(world.batchSendRecv(peer < size ? [{ op, tensor, peer }] : []));
  return (await tensor.item()) + (even ? 0 : rank);
}
