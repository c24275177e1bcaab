// Both numbers can be received into one tensor, one after the other.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function neighbourSum(world: ProcessGroup, device: TensorDevice, value: number): Promise<number> {
  const right = (world.rank + 1) % world.size;
  const left = (world.rank - 1 + world.size) % world.size;
  const mine = device.tensor([value], "i32");
  const box = device.zeros([1], "i32");
  const works = [world.send(mine, right), world.send(mine, left)];
  await world.recv(box, left);
  const fromLeft = await box.item();
  await world.recv(box, right);
  await Promise.all(works);
  return fromLeft + (await box.item());
}
