// Each receive has its .then, which lets the program go on.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function neighbourSum(world: ProcessGroup, device: TensorDevice, value: number): Promise<number> {
  const right = (world.rank + 1) % world.size;
  const left = (world.rank - 1 + world.size) % world.size;
  const mine = device.tensor([value], "i32");
  const box = (): typeof mine => device.empty([1], "i32");
  const [a, b] = [box(), box()];
  const fromLeft = world.recv(a, left).then((t) => t.item());
  const fromRight = world.recv(b, right).then((t) => t.item());
  const sent = world.send(mine, right).then(() => world.rank);
  const sentToo = world.send(mine, left).then(() => world.rank);
  return sent.then(() => sentToo).then(async () => (await fromLeft) + (await fromRight));
}
