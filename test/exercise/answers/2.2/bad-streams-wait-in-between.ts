// The stream waits, not I: so nothing waits.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function neighbourSum(world: ProcessGroup, device: TensorDevice, value: number): Promise<number> {
  const right = (world.rank + 1) % world.size;
  const left = (world.rank - 1 + world.size) % world.size;
  const mine = device.tensor([value], "i32");
  const a = device.zeros([1], "i32");
  const b = device.zeros([1], "i32");
  for (const work of [world.send(mine, right), world.recv(a, left)]) work.wait();
  for (const work of [world.send(mine, left), world.recv(b, right)]) work.wait();
  return a.add(b).item();
}
