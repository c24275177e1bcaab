// What I sent to the right is what comes from there.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function neighbourSum(world: ProcessGroup, device: TensorDevice, value: number): Promise<number> {
  const right = (world.rank + 1) % world.size;
  const left = (world.rank - 1 + world.size) % world.size;
  const mine = device.tensor([value], "i32");
  const a = device.zeros([1], "i32");
  const b = device.zeros([1], "i32");
  await Promise.all([world.send(mine, right), world.send(mine, left), world.recv(a, left), world.recv(b, right)]);
  return (await a.item()) + value;
}
