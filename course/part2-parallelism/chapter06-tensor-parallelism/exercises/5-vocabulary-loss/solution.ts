// Cross-entropy over columns that lie on all ranks (Megatron-LM's vocab_parallel_cross_entropy): three numbers per token travel.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

const IGNORED = -100;

export async function vocabularyLoss(
  world: ProcessGroup,
  device: TensorDevice,
  logits: Tensor,
  labels: number[],
  vocabulary: number,
): Promise<{ loss: Tensor; gradient: Tensor }> {
  const [tokens, columns] = logits.shape;
  const row = labels.findIndex((label) => label !== IGNORED && !(label >= 0 && label < vocabulary));
  if (row >= 0) throw new RangeError(`Row ${row} has the label ${labels[row]}; there are ${vocabulary} words.`);

  const from = world.rank * columns;
  const places = device.arange(columns, "i32");
  // Padding becomes so little that exp makes 0 of it; finite, as 0 times Infinity is not a number.
  const isWord = places.lt(vocabulary - from).to("f32");
  const own = logits.mul(isWord).add(isWord.sub(1).mul(3e38));
  const top = own.max(-1);
  await world.allReduce(top, "max");

  const shifted = own.sub(top.unsqueeze(-1));
  const exp = shifted.exp();
  const wanted = labels.map((label) => label - from);
  const hits = places.eq(device.from(wanted, [tokens, 1], "i32")).to("f32");
  const sums = device.empty([2, tokens]);
  sums.select(0, 0).copy_(exp.sum(-1));
  sums.select(0, 1).copy_(shifted.mul(hits).sum(-1)); // the label's logit, which one rank has
  await world.allReduce(sums);
  const [total, chosen] = [sums.select(0, 0), sums.select(0, 1)];

  const counts = labels.map((label) => (label === IGNORED ? 0 : 1));
  const counted = Math.max(1, counts.filter((each) => each === 1).length);
  const factor = device.from(counts, [tokens]).div(counted); // of each row
  const loss = total.log().sub(chosen).mul(factor).sum();
  return { loss, gradient: exp.div(total.unsqueeze(-1)).sub(hits).mul(factor.unsqueeze(-1)) };
}
