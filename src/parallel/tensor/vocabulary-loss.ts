/**
 * Cross-entropy over logits whose columns are shared out among ranks, so that no rank ever has those of all words
 * (Megatron-LM's vocab_parallel_cross_entropy). Two all-reduces: of the largest logit of each token; then, in one, of
 * Σ exp(logit - largest) and of the target's logit, which one rank has. The gradient is local: softmax minus one-hot, of the
 * own words.
 */
import { customOperation } from "../../autograd/index.ts";
import { IGNORED, type Loss } from "../../nn/index.ts";
import { functional as F, type Tensor, type TensorDevice } from "../../tensor/index.ts";
import type { ProcessGroup } from "../../world/index.ts";
import { changeType } from "../types/change.ts";
import { allReduce } from "../types/moves.ts";
import { shareOf } from "./shares.ts";

/** Arguments of vocabularyCrossEntropy. */
export interface VocabularyLossOptions {
  /** Words that there are, over all ranks. */
  readonly vocabulary: number;
  /** Columns that there are, over all ranks, if they are more: those after the words never count. */
  readonly columns?: number;
  /** A target that does not count, -100 if not given. */
  readonly ignored?: number;
  /** f32, one for each row: factor of its loss. Its count stays 1. */
  readonly weight?: Tensor;
}

/** What both versions begin with. */
interface Prepared {
  /** f32 [rows, own words] */
  readonly logits: Tensor;
  /** f32 [rows]: 1 where the target is a word of this rank's. */
  readonly isOwn: Tensor;
  /** i32 [rows]: the target's place among the own words, or 0. */
  readonly place: Tensor;
  /** f32 [rows]: factor of each row's loss, 0 where it is ignored. */
  readonly factor: Tensor;
  /** i32 [] */
  readonly count: Tensor;
}

/** No logit is less. A rank without words has it as its largest; it is finite, so that no difference is NaN. */
const LEAST = -3e38;

/**
 * The negative log-likelihood of each row's target, summed: the same on all ranks, as the count is.
 * @param logits f32 [..., own columns]: those of the rank's share, the quotient rounded up (`shareOf`). @param target i32 [...],
 *   the same on all ranks.
 * @throws RangeError for another number of columns; KernelError, at the next wait and on every rank, for a target that is
 *   no word, with its row and its value.
 */
export function vocabularyCrossEntropy(
  logits: Tensor,
  target: Tensor,
  group: ProcessGroup,
  options: VocabularyLossOptions,
): Loss {
  return (logits.device as TensorDevice).scope(() => {
    const { logits: own, isOwn, place, factor, count } = prepare(logits, target, group, options);
    const device = own.device as TensorDevice;
    const [rows, words] = own.shape;
    // Places among all elements of the logits, as if each were a row of a table.
    const hit = device.arange(rows, "i32").mul(words).add(place);
    let probability: Tensor | undefined;
    const loss = customOperation({
      name: "vocabularyCrossEntropy",
      inputs: [own],
      forward: () => {
        const shifted = own.sub(largestOf(own, group).unsqueeze(-1));
        const chosen =
          words > 0
            ? F.embedding({ table: shifted.reshape([-1, 1]), index: hit })
                .reshape([rows])
                .mul(isOwn)
            : device.zeros([rows]);
        const exp = shifted.exp();
        const both = device.empty([2, rows]);
        both.select(0, 0).copy_(exp.sum(-1));
        both.select(0, 1).copy_(chosen);
        const sums = allReduce(both, group, 0);
        probability = exp.div_(sums.select(0, 0).unsqueeze(-1));
        return sums.select(0, 0).log().sub(sums.select(0, 1)).mul(factor);
      },
      save: () => [probability as Tensor, hit, isOwn, factor],
      backward: ({ dy, saved }) => {
        const each = dy.mul(saved(3));
        const gradient = saved(0).mul(each.unsqueeze(-1));
        const source = each.mul(saved(2)).neg().reshape([rows, 1]);
        if (words > 0) F.embeddingBackward({ table: gradient.reshape([-1, 1]), index: saved(1), source });
        return [gradient];
      },
    });
    return { sum: loss.sum(), count };
  });
}

/** The same in operations on tensors alone, through which gradients flow by themselves: what the other is held to. */
export function plainVocabularyCrossEntropy(
  logits: Tensor,
  target: Tensor,
  group: ProcessGroup,
  options: VocabularyLossOptions,
): Loss {
  return (logits.device as TensorDevice).scope(() => {
    const { logits: own, isOwn, place, factor, count } = prepare(logits, target, group, options);
    const device = own.device as TensorDevice;
    const shifted = own.sub(device.noGrad(() => largestOf(own, group)).unsqueeze(-1));
    const columns = device.arange(own.shape[1], "i32");
    const oneHot = columns.eq(place.unsqueeze(-1)).to("f32").mul(isOwn.unsqueeze(-1));
    const sums = [shifted.exp(), shifted.mul(oneHot)].map((terms) =>
      changeType(terms.sum(-1), group, "partial", "identical"),
    );
    return { sum: sums[0].log().sub(sums[1]).mul(factor).sum(), count };
  });
}

function prepare(logits: Tensor, target: Tensor, group: ProcessGroup, options: VocabularyLossOptions): Prepared {
  const { vocabulary, columns = vocabulary, ignored = IGNORED, weight } = options;
  const share = shareOf(columns, group.size, group.rank);
  const own = logits.shape[logits.shape.length - 1];
  if (own !== share.length || columns < vocabulary) {
    throw new RangeError(
      `Rank ${group.rank} of ${group.size} has ${share.length} of ${columns} columns for ${vocabulary} words, but these logits have ${own}.`,
    );
  }
  const rows = target.size;
  const labels = target.reshape([rows]);
  const counts = labels.ne(ignored);
  F.checkTargets({ target: labels.mul(counts.to("i32")), columns: vocabulary });
  const words = Math.max(0, Math.min(own, vocabulary - share.from));
  const place = labels.sub(share.from);
  const isOwn = place.ge(0).to("i32").mul(place.lt(words).to("i32"));
  const factor = counts.to("f32");
  return {
    logits: logits.reshape([rows, own]).slice(1, 0, words),
    isOwn: isOwn.to("f32"),
    place: place.mul(isOwn),
    factor: weight ? factor.mul(weight.reshape([rows])) : factor,
    count: counts.sum(),
  };
}

/** f32 [rows]: the largest logit of each row, of all ranks' words. */
function largestOf(own: Tensor, group: ProcessGroup): Tensor {
  const [rows, words] = own.shape;
  const largest = words > 0 ? own.max(-1) : (own.device as TensorDevice).full([rows], LEAST);
  group.allReduce(largest, "max").wait();
  return largest;
}
