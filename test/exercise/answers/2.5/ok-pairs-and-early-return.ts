// Thinks: a function a rank reads better, and the older send is the one to await.
import type { ProcessGroup, TensorDevice, Work } from "worldsize";

export async function stream(world: ProcessGroup, device: TensorDevice, values: number[]): Promise<number[]> {
  if (world.rank > 1) return [];
  return world.rank === 0 ? give(world, device, values) : take(world, device, values.length);
}

async function give(world: ProcessGroup, device: TensorDevice, values: readonly number[]): Promise<number[]> {
  let [old, fresh] = [device.empty([1]), device.empty([1])];
  let [older, newer]: (Work<unknown> | undefined)[] = [undefined, undefined];
  for (const value of values) {
    await older;
    old.fill_(value);
    [older, newer] = [newer, world.send(old, 1)];
    [old, fresh] = [fresh, old];
  }
  await older;
  await newer;
  return [];
}

async function take(world: ProcessGroup, device: TensorDevice, count: number): Promise<number[]> {
  const list: number[] = [];
  using buffer = device.empty([1]);
  while (list.length < count) list.push(await (await world.recv(buffer, 0)).item());
  return list;
}
