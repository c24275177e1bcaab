/**
 * Which samples a step of training takes, as a function of the seed and a place in the epoch. Every rank computes the
 * same steps and takes its share of each, so a run goes on at the exact sample with any number of ranks.
 */
import type { Sample, Samples } from "./sample.ts";
import { shuffledIndex } from "./shuffle.ts";

/** Where a run stands: all that a checkpoint needs of its data. Samples are never cut by a step, so nothing is left over. */
export interface LoaderState {
  readonly epoch: number;
  /** Samples of this epoch that were consumed, over all ranks. */
  readonly index: number;
}

/** How steps are made. */
export interface LoaderOptions {
  readonly seed: number;
  /** Most tokens of a step, over all ranks: samples are taken until the next would not fit. At least one is. */
  readonly tokensPerStep: number;
}

/** Steps of samples, one after the other. */
export class Loader {
  readonly #samples: Samples;
  readonly #options: LoaderOptions;
  #state: LoaderState;

  /** @throws RangeError for no samples, no tokens, or a state beyond the epoch's end. */
  constructor(samples: Samples, options: LoaderOptions, state: LoaderState = { epoch: 0, index: 0 }) {
    if (!(samples.count >= 1)) throw new RangeError("There are no samples to learn from.");
    if (!(options.tokensPerStep >= 1))
      throw new RangeError(`A step takes at least one token, not ${options.tokensPerStep}.`);
    const { epoch, index } = state;
    if (![epoch, index].every((each) => Number.isSafeInteger(each) && each >= 0) || index > samples.count) {
      throw new RangeError(`There is no sample ${index} of epoch ${epoch}: an epoch has ${samples.count}.`);
    }
    this.#samples = samples;
    this.#options = options;
    this.#state = state;
  }

  /** Where it stands: the next step begins here. */
  get state(): LoaderState {
    return this.#state;
  }

  /** The samples of the next step, of all ranks. An epoch's last step may be small; the next begins a new order. */
  next(): Sample[] {
    let { epoch, index } = this.#state;
    if (index === this.#samples.count) [epoch, index] = [epoch + 1, 0];
    const taken: Sample[] = [];
    let tokens = 0;
    while (index < this.#samples.count) {
      const sample = this.#samples.get(this.#place(epoch, index));
      tokens += sample.ids.length;
      if (taken.length > 0 && tokens > this.#options.tokensPerStep) break;
      taken.push(sample);
      index++;
    }
    this.#state = { epoch, index };
    return taken;
  }

  /** What was made in an order needs no other; what is finite is shuffled anew in each epoch. */
  #place(epoch: number, index: number): number {
    const { count } = this.#samples;
    return Number.isFinite(count) ? shuffledIndex(index, count, this.#options.seed, epoch) : index;
  }
}

/** A rank's share of what all ranks do: every `size`-th, so that shares differ by one at most. */
export function shareOf<T>(all: readonly T[], rank: number, size: number): T[] {
  return all.filter((_, i) => i % size === rank);
}
