/**
 * Random tensors. Numbers come from counters under a key, so the same seed gives the same numbers however many
 * threads draw them: draws with a seed begin at block 0 of their own key, the others follow each other under the device's.
 */
import type { DType } from "../device/index.ts";
import { kindOf, unknownWord } from "../platform/words.ts";
import type { TensorHome } from "./gate.ts";
import { rawOf } from "./raw.ts";
import type { Shape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

export interface RandomOptions {
  /** Same seed, same numbers, however many workers draw them. Without one, the device's own sequence goes on. */
  readonly seed?: number;
  readonly dtype?: DType;
}

/** @throws TypeError unless these are options of random tensors. */
function checkOptions(options: RandomOptions): void {
  if (typeof options !== "object" || options === null) {
    const example = 'such as { seed: 1, dtype: "f16" }';
    throw new TypeError(`A random tensor takes options ${example}, but got ${kindOf(options)}.`);
  }
  const known = ["seed", "dtype"];
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) throw new TypeError(`A random tensor has no ${unknownWord("option", key, known)}`);
  }
}

/** A device's own sequence of random numbers, and draws beside it. */
export class RandomSource {
  readonly #seed: number;
  /** Counter blocks of the device's own sequence that are used up. */
  #drawn = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** A tensor of random numbers. @param range what the kernel takes besides. @throws RangeError for a seed that is none. */
  draw(
    device: TensorHome<Tensor>,
    kernel: "randomUniform" | "randomNormal" | "randomInt",
    shape: Shape,
    range: number[],
    options: RandomOptions,
  ): Tensor {
    checkOptions(options);
    const seed = options.seed ?? this.#seed;
    if (!Number.isSafeInteger(seed))
      throw new RangeError(`A seed is a whole number below 2^53, but this one is ${seed}.`);
    const wide = device.empty(shape, kernel === "randomInt" ? "i32" : "f32");
    const own = options.seed === undefined;
    if (own)
      rawOf(device).refuse(
        "The device's own random numbers",
        "a replay would draw the same ones. Give a seed if that is wanted.",
      );
    const high = Math.floor(seed / 2 ** 32) ^ (own ? 0x5eed : 0);
    const block = own ? this.#drawn : 0;
    if (own) this.#drawn += Math.ceil(wide.size / 4);
    rawOf(device).launch(kernel, [wide.ref()], [wide.size, seed | 0, high, block, ...range]);
    const dtype = options.dtype ?? wide.dtype;
    if (dtype === wide.dtype) return wide;
    const narrow = wide.to(dtype);
    wide.dispose();
    return narrow;
  }
}
