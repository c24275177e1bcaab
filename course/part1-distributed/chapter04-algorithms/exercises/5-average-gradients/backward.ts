// A backward pass: gradients become ready one after the other, whatever the answer does meanwhile.
import type { Tensor, TensorDevice } from "worldsize";
import { type Bucket, elementsOf } from "./cases.ts";

/** Turns in which a rank calls nothing, until backward goes on without the message that it waits for. */
const PATIENCE = 40;

export interface BackwardOptions {
  readonly device: TensorDevice;
  readonly shapes: readonly (readonly number[])[];
  /** What each gradient will hold. */
  readonly numbers: readonly (readonly number[])[];
  readonly buckets: readonly Bucket[];
  /** Messages of a bucket; 0 for a rank that is alone. */
  readonly perBucket: number;
  /** Messages that the rank has sent so far, and all it has called. */
  readonly sent: () => number;
  readonly called: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/**
 * Gradients are NaN until they are ready. The first of each bucket is made when a message of the bucket before has
 * left, or when it seems that none will: so it does not matter how fast this machine is.
 */
export class Backward {
  readonly gradients: readonly Tensor[];
  /** By gradient: messages that had left when it was made. */
  readonly sentBefore: number[] = [];
  readonly #options: BackwardOptions;
  readonly #waiting: (() => void)[][] = [];
  #alone = false;

  constructor(options: BackwardOptions) {
    this.#options = options;
    const { device, shapes } = options;
    this.gradients = shapes.map((shape) => device.full([...shape], Number.NaN));
  }

  /** Handed to the answer. */
  readonly ready = (i: number): Promise<void> => {
    const { length } = this.gradients;
    if (!Number.isInteger(i) || i < 0 || i >= length) {
      return Promise.reject(new RangeError(`ready(${String(i)}): there are gradients 0 to ${length - 1}.`));
    }
    if (i < this.sentBefore.length) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting[i] = [...(this.#waiting[i] ?? []), resolve];
    });
  };

  /** Makes one gradient after the other. */
  async run(): Promise<void> {
    const { device, shapes, numbers, buckets, perBucket, sent, sleep } = this.#options;
    for (const [i, gradient] of this.gradients.entries()) {
      await sleep(0);
      const bucket = buckets.findIndex(({ first }) => first === i);
      if (bucket > 0 && perBucket > 0) await this.#message(perBucket * (bucket - 1) + 1);
      if (elementsOf(shapes[i]) > 0) {
        using made = device.from([...numbers[i]], [...shapes[i]]);
        gradient.copy_(made);
      }
      this.sentBefore.push(sent());
      for (const resolve of this.#waiting[i] ?? []) resolve();
    }
  }

  /** Nobody uses what is made any more: no message is waited for. */
  letGo(): void {
    this.#alone = true;
  }

  /** Returns when so many messages have left, or when none seems to come. */
  async #message(count: number): Promise<void> {
    const { sent, called, sleep } = this.#options;
    let before = -1;
    for (let still = 0; still < PATIENCE && sent() < count && !this.#alone; still++) {
      if (called() !== before) still = 0;
      before = called();
      await sleep(1);
    }
  }
}
