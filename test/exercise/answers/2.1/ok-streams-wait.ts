// The stream waits, the host reads everything at the end.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function ringGather(world: ProcessGroup, device: TensorDevice, value: number): Promise<number[]> {
  const { rank, size } = world;
  const right = (rank + 1) % size;
  const left = (rank + size - 1) % size;
  const boxes = [device.full([1], value, "i32")];
  for (let step = 1; step < size; step++) {
    boxes[step] = device.zeros([1], "i32");
    const works = world.batchSendRecv([
      { op: "send", tensor: boxes[step - 1], peer: right },
      { op: "recv", tensor: boxes[step], peer: left },
    ]);
    for (const work of works) work.wait();
  }
  const result = Array<number>(size);
  for (const [step, box] of boxes.entries()) result[(rank - step + size) % size] = await box.item();
  return result;
}
