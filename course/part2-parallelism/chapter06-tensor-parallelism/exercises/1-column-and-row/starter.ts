// Exercise 6.1: the column-parallel and the row-parallel linear layer, forward and backward, without autograd.
//
// W is [out, in]. One allReduce in rowForward, one in columnBackward, nothing in the other two. The bias counts once.
import type { ProcessGroup, Tensor } from "worldsize";

interface Gradients {
  dx: Tensor;
  dw: Tensor;
  db: Tensor;
}

/** x [tokens, in], w [own out, in], b [own out]. @returns y [tokens, own out]. */
export async function columnForward(world: ProcessGroup, x: Tensor, w: Tensor, b: Tensor): Promise<Tensor> {
  return x.matmul(w.transpose(0, 1)).add(b);
}

/** dy [tokens, own out], x [tokens, in], w [own out, in]. */
export async function columnBackward(world: ProcessGroup, dy: Tensor, x: Tensor, w: Tensor): Promise<Gradients> {
  // Gradients as one rank alone computes them. What is missing here?
  return { dx: dy.matmul(w), dw: dy.transpose(0, 1).matmul(x), db: dy.sum(0) };
}

/** x [tokens, own in], w [out, own in], b [out]. @returns y [tokens, out]. */
export async function rowForward(world: ProcessGroup, x: Tensor, w: Tensor, b: Tensor): Promise<Tensor> {
  // And here?
  return x.matmul(w.transpose(0, 1)).add(b);
}

/** dy [tokens, out], x [tokens, own in], w [out, own in]. */
export async function rowBackward(world: ProcessGroup, dy: Tensor, x: Tensor, w: Tensor): Promise<Gradients> {
  return { dx: dy.matmul(w), dw: dy.transpose(0, 1).matmul(x), db: dy.sum(0) };
}
