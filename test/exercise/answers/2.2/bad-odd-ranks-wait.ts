// Even ranks start everything, odd ranks answer step by step.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function neighbourSum(world: ProcessGroup, device: TensorDevice, value: number): Promise<number> {
  const right = (world.rank + 1) % world.size;
  const left = (world.rank - 1 + world.size) % world.size;
  const mine = device.tensor([value], "i32");
  const a = device.zeros([1], "i32");
  const b = device.zeros([1], "i32");
  if (world.rank % 2 === 0) {
    await Promise.all([world.send(mine, right), world.send(mine, left), world.recv(a, left), world.recv(b, right)]);
  } else {
    const out = [world.send(mine, right), world.send(mine, left)];
    await world.recv(a, left);
    await world.recv(b, right);
    await Promise.all(out);
  }
  return (await a.item()) + (await b.item());
}
