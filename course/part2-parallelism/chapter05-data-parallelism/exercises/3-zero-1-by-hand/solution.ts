// ZeRO-1 (Rajbhandari et al., 2020): each rank sums, keeps and moves its own rows.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function zeroStep(
  world: ProcessGroup,
  device: TensorDevice,
  w: Tensor,
  gradient: Tensor,
  velocity: Tensor | null,
  lr: number,
): Promise<Tensor> {
  const [rows, columns] = w.shape;
  const k = Math.ceil(rows / world.size);
  const start = (rank: number): number => Math.min(rows, rank * k);
  const pieces = (x: Tensor): Tensor[] => world.ranks.map((_, r) => x.slice(0, start(r), start(r + 1)));

  const own = device.empty([start(world.rank + 1) - start(world.rank), columns]);
  await world.reduceScatter(own, pieces(gradient));
  const v = velocity ? velocity.mul(0.9).add(own) : own;
  const moved = pieces(w)[world.rank].sub(v.mul(lr));
  await world.allGather(pieces(w), moved);
  return v;
}
