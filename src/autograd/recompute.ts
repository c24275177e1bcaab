/**
 * Recomputation, or activation checkpointing (Chen et al., 2016; torch.utils.checkpoint without reentry): a part
 * of the forward pass keeps its inputs only, and runs again when backward first needs something it would have kept.
 *
 * It hangs on what is saved. The first run counts the values that its operations save and keeps none; the second
 * runs under the same random counters, so it saves the same values in the same order. Operations between ranks
 * run again, too, in the same order on every rank.
 */
import { edgeOf, type RandomState, type Shape, type Tensor, type TensorDevice } from "../tensor/index.ts";
import { Held } from "./held.ts";
import type { Saved, SavedHooks } from "./saved.ts";
import { type Tape, tapeOf } from "./tape.ts";

/** What a function of tensors keeps of one saved value: enough to see that the second run saves the same. */
interface Form {
  readonly dtype: string;
  readonly shape: Shape;
}

/** One recomputed part of a forward pass. */
class Frame implements SavedHooks<number> {
  readonly #device: TensorDevice;
  readonly #tape: Tape;
  readonly #body: (...inputs: Tensor[]) => Tensor;
  readonly #inputs: readonly Saved[];
  readonly #tracked: readonly boolean[];
  readonly #random: RandomState;
  readonly #forms: Form[] = [];
  #values: readonly Held[] | undefined;
  /** Values that were given up, some of them before the second run. */
  readonly #dropped = new Set<number>();
  #ran = false;

  constructor(device: TensorDevice, tape: Tape, body: (...inputs: Tensor[]) => Tensor, inputs: readonly Tensor[]) {
    this.#device = device;
    this.#tape = tape;
    this.#body = body;
    this.#inputs = inputs.map((input) => tape.save(input));
    this.#tracked = inputs.map((input) => edgeOf(input) !== undefined);
    this.#random = device.randomState();
  }

  pack(tensor: Tensor): number {
    this.#forms.push({ dtype: tensor.dtype, shape: tensor.shape });
    return this.#forms.length - 1;
  }

  unpack(index: number): Tensor {
    this.#values ??= this.#again();
    return this.#values[index].open();
  }

  drop(index: number): void {
    this.#values?.[index].release();
    this.#dropped.add(index);
    this.#releaseUnused();
  }

  /** Runs the function for the first time. While it runs, all that was saved so far may be given up, and more follow. */
  first(inputs: readonly Tensor[]): Tensor {
    try {
      return this.#tape.withSavedHooks(this, () => this.#device.scope(() => this.#body(...inputs)));
    } finally {
      this.#ran = true;
      this.#releaseUnused();
    }
  }

  /** Gives up the inputs, when no value will be asked for. */
  #releaseUnused(): void {
    if (!this.#ran || this.#dropped.size < this.#forms.length) return;
    for (const input of this.#inputs) input.release();
  }

  #again(): Held[] {
    const values: Held[] = [];
    const collect: SavedHooks<void> = {
      pack: (tensor) => void values.push(new Held(tensor)),
      unpack: () => {
        throw new Error("backward inside a recomputed function is not possible.");
      },
    };
    const inputs = (): Tensor[] =>
      this.#inputs.map((input, i) => {
        const tensor = input.open("recompute", undefined);
        return this.#tracked[i] ? tensor.requiresGrad_() : tensor;
      });
    const run = (): undefined => {
      this.#tape.withSavedHooks(collect, () => this.#body(...inputs()));
      return undefined;
    };
    try {
      this.#device.withRandomState(this.#random, () => this.#tape.again(() => this.#device.scope(run)));
      this.#check(values);
    } catch (error) {
      for (const value of values) value.release();
      throw error;
    }
    // What led nowhere was given up before it was computed again.
    for (const index of this.#dropped) values[index].release();
    return values;
  }

  #check(values: readonly Held[]): void {
    const text = (form: Form | undefined): string => (form ? `${form.dtype}[${form.shape}]` : "nothing");
    for (let i = 0; i < Math.max(values.length, this.#forms.length); i++) {
      const [first, second] = [text(this.#forms[i]), text(values[i])];
      if (first === second) continue;
      throw new Error(
        `A recomputed function saved ${first} as value ${i} when it first ran, and ${second} when it ran again. ` +
          "It must do the same both times: let nothing in it depend on what happens in between.",
      );
    }
  }
}

/**
 * Runs a function of tensors whose intermediate values are not kept but computed again when backward needs them.
 * @param body must do the same both times, and give a new tensor. Other tensors that it uses, such as weights, stay as they are.
 * @returns its result, on which gradients are those of the plain call, bit for bit.
 * @throws Error, in backward, when it did something else the second time.
 */
export function recompute(
  device: TensorDevice,
  body: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
): Tensor {
  const tape = tapeOf(device);
  if (!tape.recording) return body(...inputs);
  return new Frame(device, tape, body, inputs).first(inputs);
}
