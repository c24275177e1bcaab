// A generator calls the operations, one wait for all that it gives.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function neighbourSum(world: ProcessGroup, device: TensorDevice, value: number): Promise<number> {
  const right = (world.rank + 1) % world.size;
  const left = (world.rank - 1 + world.size) % world.size;
  const mine = device.tensor([value], "i32");
  const a = device.zeros([1], "i32");
  const b = device.zeros([1], "i32");
  function* operations() {
    yield world.send(mine, right);
    yield world.send(mine, left);
    yield world.recv(a, left);
    yield world.recv(b, right);
  }
  await Promise.all([...operations()]);
  return (await a.item()) + (await b.item());
}
