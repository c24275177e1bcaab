// The live line of a training run.
import type { MemoryStats, Row, TensorDevice } from "worldsize";

/** Milliseconds between two lines. */
const EVERY = 500;

/** What a step tells. */
export interface StepReport {
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  readonly bitsPerByte: number;
  /** Tokens since the run began, or went on. */
  readonly tokens: number;
  /** Arithmetic for each token. */
  readonly flops: number;
  readonly memory: MemoryStats;
}

/** Makes the rows of a live line, twice a second. */
export class LiveLine {
  readonly #now: () => number;
  readonly #peak: number;
  readonly #started: number;
  readonly #first: number;
  #shown = -Infinity;

  /** @param peak floating-point operations per second that matrix products reach here. @param first step that the run begins with. */
  constructor(now: () => number, peak: number, first: number) {
    this.#now = now;
    this.#peak = peak;
    this.#started = now();
    this.#first = first;
  }

  /** @returns a row if it is time for one. */
  row({ step, steps, loss, bitsPerByte, tokens, flops, memory }: StepReport): Row | undefined {
    const now = this.#now();
    if (now - this.#shown < EVERY) return undefined;
    this.#shown = now;
    const seconds = (now - this.#started) / 1000;
    const left = (seconds / Math.max(1, step - this.#first)) * (steps - step);
    return {
      // All of it fits into 79 characters.
      step,
      loss: loss.toFixed(3),
      "bits/B": bitsPerByte.toFixed(3),
      "tok/s": Math.round(tokens / seconds),
      peak: `${Math.round((100 * flops * tokens) / seconds / this.#peak)}%`,
      left: left < 90 ? `${Math.round(left)}s` : `${Math.round(left / 60)}m`,
      MiB: ["parameters", "gradients", "optimizer", "activations"].map((tag) => mebibytes(memory, tag)).join("+"),
    };
  }
}

function mebibytes({ byTag }: MemoryStats, tag: string): number {
  return Math.round((byTag[tag as keyof typeof byTag]?.peak ?? 0) / 2 ** 20);
}

/** Floating-point operations per second of a product of two matrices of 512, the best of some. */
export async function productSpeed(device: TensorDevice, now: () => number): Promise<number> {
  const n = 512;
  const [a, b] = [1, 2].map((seed) => device.rand([n, n], { seed }));
  let best = Infinity;
  for (let i = 0; i < 6; i++) {
    const start = now();
    a.matmul(b).dispose();
    await device.synchronize();
    best = Math.min(best, now() - start);
  }
  for (const tensor of [a, b]) tensor.dispose();
  return (2 * n ** 3 * 1000) / best;
}
