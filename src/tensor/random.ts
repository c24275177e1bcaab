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

/** Where a source stands: what a run that is to draw the same numbers again begins with. */
export interface RandomState {
  /** Counter blocks of the device's own sequence that are used up. */
  readonly drawn: number;
  readonly step: number;
  /** How many keys were asked for in this step, by name. */
  readonly asked: ReadonlyMap<string, number>;
}

/** 53 bits from a string: two rounds of FNV-1a with different primes and a last mixing (Murmur3's). */
function hashOf(text: string): number {
  let [a, b] = [0x811c9dc5, 0x9e3779b9];
  for (let i = 0; i < text.length; i++) {
    a = Math.imul(a ^ text.charCodeAt(i), 0x01000193);
    b = Math.imul(b ^ text.charCodeAt(i), 0x85ebca6b);
  }
  const mixed = (x: number): number => {
    let y = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    y = Math.imul(y ^ (y >>> 13), 0xc2b2ae35);
    return (y ^ (y >>> 16)) >>> 0;
  };
  return (mixed(a ^ mixed(b)) & 0x1fffff) * 2 ** 32 + mixed(b);
}

/** A device's own sequence of random numbers, keys for named uses, and draws beside both. */
export class RandomSource {
  readonly #seed: number;
  #drawn = 0;
  #step = 0;
  #asked = new Map<string, number>();

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Begins a step of training: the keys of a step depend on nothing that was drawn before. */
  beginStep(step: number): void {
    this.#step = step;
    this.#asked = new Map();
  }

  /** A seed for the next use of a name in this step: a function of the seed, the name, the step and how often it was asked for. */
  key(name: string): number {
    const times = this.#asked.get(name) ?? 0;
    this.#asked.set(name, times + 1);
    return hashOf([this.#seed, name, this.#step, times].join("\u0000"));
  }

  get state(): RandomState {
    return { drawn: this.#drawn, step: this.#step, asked: new Map(this.#asked) };
  }

  /** Goes back to where it stood. */
  restore({ drawn, step, asked }: RandomState): void {
    this.#drawn = drawn;
    this.#step = step;
    this.#asked = new Map(asked);
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
