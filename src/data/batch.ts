/** Samples laid one after the other, as a model reads them: no padding, and no sample sees another. */
import type { Sample } from "./sample.ts";

/** What does not count in a loss, as in torch. */
const IGNORED = -100;

/** Samples end to end. */
export interface PackedBatch {
  /** [tokens]: the ids that are read. */
  readonly tokens: Int32Array;
  /** [tokens]: the id that follows each; -100 where nothing follows in the sample, or what follows has no weight. */
  readonly targets: Int32Array;
  /** [tokens]: weight of each target's loss. */
  readonly weights: Float32Array;
  /** [tokens]: place of each token in its sample. */
  readonly positions: Int32Array;
  /** [samples + 1]: where each sample begins, and the end of the last. */
  readonly starts: Int32Array;
  /** Sum of the weights of all targets. */
  readonly weight: number;
}

/** The last id of a sample is only predicted, never read, so a sample of n ids has n - 1 tokens. */
export function packSamples(samples: readonly Sample[]): PackedBatch {
  const lengths = samples.map(({ ids }) => Math.max(0, ids.length - 1));
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const [tokens, targets, positions] = [new Int32Array(total), new Int32Array(total), new Int32Array(total)];
  const weights = new Float32Array(total);
  const starts = new Int32Array(samples.length + 1);
  let at = 0;
  let weight = 0;
  for (const [s, { ids, weights: own }] of samples.entries()) {
    for (let i = 0; i < lengths[s]; i++, at++) {
      tokens[at] = ids[i];
      positions[at] = i;
      weights[at] = own[i + 1];
      targets[at] = own[i + 1] === 0 ? IGNORED : ids[i + 1];
      weight += own[i + 1];
    }
    starts[s + 1] = at;
  }
  return { tokens, targets, weights, positions, starts, weight };
}
