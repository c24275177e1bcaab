// Exercise 2.2: send to both neighbours, receive from both, all at the same time.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function neighbourSum(world: ProcessGroup, device: TensorDevice, value: number): Promise<number> {
  const right = (world.rank + 1) % world.size;
  const left = (world.rank - 1 + world.size) % world.size;
  const mine = device.tensor([value], "i32");
  const incoming = device.zeros([1], "i32");

  // Only half of it, and one after the other.
  await Promise.all([world.send(mine, right), world.recv(incoming, left)]);
  return await incoming.item();
}
