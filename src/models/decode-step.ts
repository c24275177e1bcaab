/**
 * One new token for each sequence of a cache, captured as a graph: a token of a small model is some hundred small kernels,
 * and launching them one by one would take longer than running them. It computes what `extend` and a call compute.
 */
import type { Captured, Tensor, TensorDevice } from "../tensor/index.ts";
import type { LanguageModel } from "./decoder.ts";
import type { KvCache } from "./kv-cache.ts";

/** Decoding, a token of each sequence at a time. */
export class DecodeStep {
  readonly #device: TensorDevice;
  readonly #cache: KvCache;
  /** i32 [4, sequences]: tokens, their positions, their rows of the cache, and how many keys each sequence has then. */
  readonly #input: Tensor;
  readonly #starts: Tensor;
  readonly #graph: Captured<Tensor>;

  /** Captures the graph; nothing runs yet. @param cache that all steps go on with, in any state. @throws OutOfMemoryError. */
  constructor(model: LanguageModel, cache: KvCache) {
    const { device } = model;
    const sequences = cache.lengths.length;
    this.#device = device;
    this.#cache = cache;
    this.#input = device.unscoped(() => device.zeros([4, sequences], "i32"));
    this.#starts = device.unscoped(() => device.arange(sequences + 1, "i32"));
    this.#graph = device.unscoped(() =>
      device.noGrad(() =>
        device.capture(() => {
          const [tokens, positions, rows, lengths] = [0, 1, 2, 3].map((i) =>
            this.#input.slice(0, i, i + 1).reshape([sequences]),
          );
          const batch = { tokens, positions, starts: this.#starts };
          return cache.during({ rows, lengths }, () => model.call(batch, cache));
        }),
      ),
    );
  }

  /**
   * @param tokens one for each sequence.
   * @returns logits, f32 [sequences, vocabulary]; the next step overwrites them.
   * @throws RangeError for another number of tokens, or when a sequence is at the cache's capacity.
   */
  run(tokens: readonly number[]): Tensor {
    const positions = [...this.#cache.lengths];
    if (tokens.length !== positions.length) {
      throw new RangeError(`A step takes a token for each of ${positions.length} sequences, not ${tokens.length}.`);
    }
    const rows = this.#cache.grow(tokens.map(() => 1));
    const values = [...tokens, ...positions, ...rows, ...this.#cache.lengths];
    using told = this.#device.unscoped(() => this.#device.from(values, this.#input.shape, "i32"));
    this.#input.copy_(told);
    this.#graph.replay();
    return this.#graph.output;
  }

  /** Frees the graph and its tensors. */
  dispose(): void {
    this.#graph.release();
    this.#input.dispose();
    this.#starts.dispose();
  }
}
