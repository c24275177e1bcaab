// A step with the sequence cut: labels first, the bias after the sum, and sums where a rank has seen its own tokens alone.
import { crossEntropy, customOperation, type ProcessGroup, type Tensor, type TensorDevice } from "worldsize";

interface Model {
  embed(tokens: number[]): Tensor;
  norm: Tensor;
  up: Tensor;
  down: Tensor;
  bias: Tensor;
  head: Tensor;
}

const IGNORED = -100;

/** Forward and backward of one sequence. @returns the mean loss over all labels. */
export async function step(
  world: ProcessGroup,
  device: TensorDevice,
  model: Model,
  tokens: number[],
  cuts: number[],
): Promise<number> {
  const { rank } = world;
  const own = tokens.slice(cuts[rank], cuts[rank + 1]);
  const following = [...tokens.slice(1), IGNORED]; // shifted, then cut
  const labels = following.slice(cuts[rank], cuts[rank + 1]);

  const x = model.embed(own);
  const length = x.mul(x).mean(1, true).add(1e-5).sqrt();
  const normed = gather(world, cuts, x.div(length).mul(model.norm)); // all tokens
  const units = normed.matmul(model.up.transpose(0, 1)).tanh(); // this rank's
  const term = units.matmul(model.down.transpose(0, 1)); // of a sum over the ranks
  const y = x.add(scatter(world, cuts, term)).add(model.bias); // this rank's tokens
  const logits = y.matmul(model.head.transpose(0, 1));
  const { sum, count } = crossEntropy(logits, device.tensor(labels, "i32"));

  const totals = device.tensor([await sum.item(), await count.item()]);
  await world.allReduce(totals);
  const [loss, counted] = (await totals.toArray()) as number[];
  sum.div(counted).backward();

  // Whatever works on a rank's own tokens has a term of its gradient there.
  for (const { grad } of [model.norm, model.bias, model.head]) if (grad) await world.allReduce(grad);
  return loss / counted;
}

/** Rows of x by rank. */
const pieces = (x: Tensor, cuts: number[]): Tensor[] => cuts.slice(1).map((to, r) => x.slice(0, cuts[r], to));

/** varying → replicated: all_gather of the ranks' tokens, and reduce_scatter of their gradients. */
function gather(world: ProcessGroup, cuts: number[], x: Tensor): Tensor {
  return customOperation({
    name: "gather",
    inputs: [x],
    forward: () => collect(world, cuts, x),
    backward: ({ dy }) => [sumOwn(world, cuts, dy)],
  });
}

/** partial → varying: reduce_scatter of terms to the ranks' tokens, and all_gather of their gradients. */
function scatter(world: ProcessGroup, cuts: number[], x: Tensor): Tensor {
  return customOperation({
    name: "scatter",
    inputs: [x],
    forward: () => sumOwn(world, cuts, x),
    backward: ({ dy }) => [collect(world, cuts, dy)],
  });
}

function collect(world: ProcessGroup, cuts: number[], own: Tensor): Tensor {
  const all = (own.device as TensorDevice).empty([cuts[world.size], own.shape[1]]);
  world.allGather(pieces(all, cuts), own.contiguous()).wait();
  return all;
}

function sumOwn(world: ProcessGroup, cuts: number[], terms: Tensor): Tensor {
  const own = (terms.device as TensorDevice).empty([cuts[world.rank + 1] - cuts[world.rank], terms.shape[1]]);
  world.reduceScatter(own, pieces(terms.contiguous(), cuts)).wait();
  return own;
}
