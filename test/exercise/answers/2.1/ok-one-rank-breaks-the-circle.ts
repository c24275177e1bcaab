// Rank 0 sends first, everybody else receives first: no two operations at once.
import type { ProcessGroup, TensorDevice } from "worldsize";

export async function ringGather(world: ProcessGroup, device: TensorDevice, value: number): Promise<number[]> {
  const { rank, size } = world;
  const right = (rank + 1) % size;
  const left = (rank + size - 1) % size;
  const seen = [value];
  for (let step = 1; step < size; step++) {
    const out = device.tensor([seen[step - 1]], "i32");
    const box = device.empty([1], "i32");
    if (rank === 0) {
      await world.send(out, right);
      await world.recv(box, left);
    } else {
      await world.recv(box, left);
      await world.send(out, right);
    }
    seen.push(await box.item());
  }
  return seen.map((_, r) => seen[(rank - r + size) % size]);
}
