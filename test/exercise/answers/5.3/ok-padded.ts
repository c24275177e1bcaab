// As FSDP does it: rows are padded so that all pieces have one length, and the stream waits.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function zeroStep(
  world: ProcessGroup,
  device: TensorDevice,
  w: Tensor,
  gradient: Tensor,
  velocity: Tensor | null,
  lr: number,
): Promise<Tensor> {
  const { rank, size } = world;
  const [rows, columns] = w.shape;
  const k = Math.floor((rows + size - 1) / size);
  const padded = (x: Tensor): Tensor => {
    const all = device.zeros([k * size, columns]);
    all.slice(0, 0, rows).copy_(x);
    return all;
  };
  const own = device.empty([k, columns]);
  world.reduceScatter(own, padded(gradient).reshape([size, k, columns])).wait();
  const count = Math.max(0, Math.min(k, rows - rank * k));
  const v = own.slice(0, 0, count).clone();
  if (velocity) v.add_(velocity.mul(0.9));
  const mine = padded(w)
    .slice(0, rank * k, rank * k + k)
    .clone();
  mine.slice(0, 0, count).sub_(v.mul(lr));
  const all = device.empty([size, k, columns]);
  world.allGather(all, mine).wait();
  w.copy_(all.reshape([size * k, columns]).slice(0, 0, rows));
  return v;
}
