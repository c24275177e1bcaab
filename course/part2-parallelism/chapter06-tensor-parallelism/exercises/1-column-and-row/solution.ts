// The two layers of Megatron-LM (Shoeybi et al., 2019). What one sums forward, the other sums backward.
import type { ProcessGroup, Tensor } from "worldsize";

interface Gradients {
  dx: Tensor;
  dw: Tensor;
  db: Tensor;
}

/** Every rank has all inputs: its outputs need nothing from others. */
export async function columnForward(_world: ProcessGroup, x: Tensor, w: Tensor, b: Tensor): Promise<Tensor> {
  return x.matmul(w.transpose(0, 1)).add(b);
}

/** Each input was used on every rank, so its gradient is a sum over ranks. Weights and biases are this rank's alone. */
export async function columnBackward(world: ProcessGroup, dy: Tensor, x: Tensor, w: Tensor): Promise<Gradients> {
  const dx = dy.matmul(w);
  await world.allReduce(dx);
  return { dx, dw: dy.transpose(0, 1).matmul(x), db: dy.sum(0) };
}

/** Each output is a sum over all inputs, and so over ranks; the bias comes after it, once. */
export async function rowForward(world: ProcessGroup, x: Tensor, w: Tensor, b: Tensor): Promise<Tensor> {
  const y = x.matmul(w.transpose(0, 1));
  await world.allReduce(y);
  return y.add(b);
}

/** Every rank has all of dy: that gives its own inputs' gradients, and the whole of the bias's. */
export async function rowBackward(_world: ProcessGroup, dy: Tensor, x: Tensor, w: Tensor): Promise<Gradients> {
  return { dx: dy.matmul(w), dw: dy.transpose(0, 1).matmul(x), db: dy.sum(0) };
}
