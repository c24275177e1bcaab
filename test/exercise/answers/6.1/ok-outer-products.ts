// Without matmul: products by broadcasting, the bias as one more input of rank 0's, sums in the stream.
import type { ProcessGroup, Tensor } from "worldsize";

type Gradients = Record<"dx" | "dw" | "db", Tensor>;

/** a [n, k] times b [k, m]. */
const product = (a: Tensor, b: Tensor): Tensor => a.unsqueeze(2).mul(b.unsqueeze(0)).sum(1);
const turned = (x: Tensor): Tensor => x.transpose(0, 1);

export const columnForward = async (_: ProcessGroup, x: Tensor, w: Tensor, b: Tensor): Promise<Tensor> =>
  product(x, turned(w)).add(b);

export async function columnBackward(world: ProcessGroup, dy: Tensor, x: Tensor, w: Tensor): Promise<Gradients> {
  const dx = product(dy, w);
  const work = world.allReduce(dx, "sum");
  const gradients = { dw: product(turned(dy), x), db: dy.sum(0), dx }; // while dx is on its way
  await work;
  return gradients;
}

export async function rowForward(world: ProcessGroup, x: Tensor, w: Tensor, b: Tensor): Promise<Tensor> {
  const own = product(x, turned(w));
  if (world.rank === 0) own.add_(b);
  world.allReduce(own).wait();
  return own;
}

export const rowBackward = async (_: ProcessGroup, dy: Tensor, x: Tensor, w: Tensor): Promise<Gradients> => ({
  dw: turned(product(turned(x), dy)),
  dx: product(dy, w),
  db: dy.sum(0, true).reshape([dy.shape[1]]),
});
