// Tags say which way a message goes; the receiver counts its own directions.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function neighbourSum(world: ProcessGroup, device: TensorDevice, value: number): Promise<number> {
  const right = (world.rank + 1) % world.size;
  const left = (world.rank - 1 + world.size) % world.size;
  const mine = device.tensor([value], "i32");
  const [a, b] = [device.zeros([1], "i32"), device.zeros([1], "i32")];
  await Promise.all([
    world.send(mine, right, { tag: 1 }),
    world.send(mine, left, { tag: 2 }),
    world.recv(a, left, { tag: 3 }),
    world.recv(b, right, { tag: 4 }),
  ]);
  return (await a.item()) + (await b.item());
}
