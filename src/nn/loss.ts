/**
 * Losses. They return a sum and a count, never a mean: whoever knows all micro-batches and ranks of a step adds
 * the counts up once, before the first backward, and divides by their sum. A mean of means would weigh short
 * sequences too much, and divide by zero where a rank has nothing to learn from.
 */
import { functional as F, type Tensor } from "../tensor/index.ts";

/** A loss over what counts. */
export interface Loss {
  /** f32 [] */
  readonly sum: Tensor;
  /** i32 []: how many targets count. */
  readonly count: Tensor;
}

/** What does not count, as in torch. */
export const IGNORED = -100;

/** Arguments of crossEntropy. */
export interface CrossEntropyOptions {
  readonly ignored?: number;
  /** f32, one for each row: factor of its loss. Its count stays 1. */
  readonly weight?: Tensor;
  /** Lets the gradient take the place of the logits, which are lost: for large vocabularies. */
  readonly inPlace?: boolean;
}

/**
 * The negative log-likelihood of each row's target, summed.
 * @param logits f32 [..., columns]. @param target i32 [...].
 * @throws KernelError, at the next wait, for a target that is no column, with its row and its value.
 */
export function crossEntropy(logits: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Loss {
  const { ignored = IGNORED, weight, inPlace } = options;
  const rows = logits.contiguous();
  const { loss } = weight
    ? F.weightedCrossEntropy({ logits: rows, target, weight, ignored, inPlace })
    : F.crossEntropy({ logits: rows, target, ignored, inPlace });
  return { sum: loss.sum(), count: target.ne(ignored).sum() };
}

/** Half the squared distance would be somebody else's convention: this is Σ (a - b)², and the number of elements. */
export function squaredError(prediction: Tensor, target: Tensor): Loss {
  const difference = prediction.sub(target);
  const { device } = prediction;
  return {
    sum: difference.mul(difference).sum(),
    count: device.apply("fill", device.empty([], "i32"), difference.size),
  };
}
