/** Random numbers of the distributions that load is made of: each sequence is a function of its seed. */
import { mulberry32 } from "../platform/random.ts";

/** A sequence of draws. */
export class Draws {
  readonly #random: () => number;

  /** @param seed an integer. */
  constructor(seed: number) {
    this.#random = mulberry32(seed);
  }

  /** A number in [0, 1). */
  uniform(): number {
    return this.#random();
  }

  /** A whole number from `least` to `most`, both included. */
  integer(least: number, most: number): number {
    return least + Math.floor(this.#random() * (most - least + 1));
  }

  /** A number of the standard normal distribution (Box and Muller 1958). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.#random()));
    return radius * Math.cos(2 * Math.PI * this.#random());
  }

  /** A number of the gamma distribution, whose mean is shape × scale (Marsaglia and Tsang 2000). */
  gamma(shape: number, scale: number): number {
    // A small shape is drawn as a larger one, and made smaller by a power of a uniform number.
    if (shape < 1) return this.gamma(shape + 1, scale) * (1 - this.#random()) ** (1 / shape);
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = this.normal();
      const v = (1 + c * x) ** 3;
      if (v <= 0) continue;
      const u = 1 - this.#random();
      if (Math.log(u) < x ** 2 / 2 + d * (1 - v + Math.log(v))) return d * v * scale;
    }
  }

  /** The same things in another order (Fisher and Yates). */
  shuffled<T>(things: readonly T[]): T[] {
    const order = [...things];
    for (let i = order.length - 1; i > 0; i--) {
      const j = this.integer(0, i);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }
}
