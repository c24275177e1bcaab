/** The queue of what backward passes have put off: the halves of derivatives that are for weights alone. */
import type { Later } from "./pass.ts";

/** Gradients of weights that were put off. */
export class DeferredWeights {
  readonly #later: Later[];

  constructor(later: Later[]) {
    this.#later = later;
  }

  /** How many operations wait. */
  get size(): number {
    return this.#later.length;
  }

  /** Computes them, in the order in which they were put off. A second time does nothing. @throws what derivatives throw; the rest is given up then. */
  run(): void {
    try {
      for (let later = this.#later[0]; later; later = this.#later[0]) {
        later.run();
        this.#later.shift();
      }
    } finally {
      this.dispose();
    }
  }

  /** Gives up those that were not computed. */
  dispose(): void {
    for (const later of this.#later.splice(0)) later.drop();
  }
}
