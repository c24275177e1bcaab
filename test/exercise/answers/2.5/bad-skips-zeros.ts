// Thinks: a value that is false is no value.
import type { ProcessGroup, TensorDevice, Work } from "worldsize";

export async function stream(world: ProcessGroup, device: TensorDevice, values: number[]): Promise<number[]> {
  if (world.rank === 0) {
    const buffers = [device.zeros([1]), device.zeros([1])];
    const works: (Work<unknown> | undefined)[] = [];
    for (const [i, value] of values.filter((each) => each > 0).entries()) {
      await works[i % 2];
      buffers[i % 2].fill_(value);
      works[i % 2] = world.send(buffers[i % 2], 1);
    }
    await Promise.all(works);
  }
  const list: number[] = [];
  if (world.rank === 1) {
    const buffer = device.zeros([1]);
    for (let i = 0; i < 3; i++) {
      await world.recv(buffer, 0);
      list.push(await buffer.item());
    }
  }
  return list;
}
