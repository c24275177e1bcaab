// Thinks: .then gives a promise, and a promise can be awaited.
import type { ProcessGroup, TensorDevice, Work } from "worldsize";

export async function stream(world: ProcessGroup, device: TensorDevice, values: number[]): Promise<number[]> {
  if (world.rank === 0) {
    const buffers = [device.zeros([1]), device.zeros([1])];
    const works: (Work<unknown> | undefined)[] = [];
    for (const [i, value] of values.entries()) {
      await works[i % 2]?.then(() => undefined);
      buffers[i % 2].fill_(value);
      works[i % 2] = world.send(buffers[i % 2], 1);
    }
    await Promise.all(works);
  }
  const list: number[] = [];
  if (world.rank === 1) {
    const buffer = device.zeros([1]);
    for (let i = 0; i < values.length; i++) {
      await world.recv(buffer, 0);
      list.push(await buffer.item());
    }
  }
  return list;
}
