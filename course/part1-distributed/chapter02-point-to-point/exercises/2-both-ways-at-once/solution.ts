// Four operations in flight, one wait.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function neighbourSum(world: ProcessGroup, device: TensorDevice, value: number): Promise<number> {
  const right = (world.rank + 1) % world.size;
  const left = (world.rank - 1 + world.size) % world.size;
  const mine = device.tensor([value], "i32");
  const fromLeft = device.zeros([1], "i32");
  const fromRight = device.zeros([1], "i32");

  await Promise.all([
    world.send(mine, right),
    world.send(mine, left),
    world.recv(fromLeft, left),
    world.recv(fromRight, right),
  ]);
  return (await fromLeft.item()) + (await fromRight.item());
}
