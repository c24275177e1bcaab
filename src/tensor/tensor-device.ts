/**
 * The device as programs see it: makes tensors, frees them by scope, and shows its memory.
 * `device.raw` is the layer below, with buffers and kernels.
 */
import {
  type Buffer,
  codeOf,
  type Device,
  type DType,
  type MemoryStats,
  sizeOf,
  type Tag,
  tags,
} from "../device/index.ts";
import { kindOf, unknownWord } from "../platform/words.ts";
import { Captured } from "./captured.ts";
import { encode, unnest } from "./host.ts";
import { checkShape, contiguousStrides, type Shape, sizeOfShape } from "./shape.ts";
import { type Nested, Tensor } from "./tensor.ts";

export interface RandomOptions {
  /** Same seed, same numbers, however many workers draw them. Without one, the device's own sequence goes on. */
  readonly seed?: number;
  readonly dtype?: DType;
}

/** Most elements of a tensor. */
const MOST = 2 ** 31 - 1;

/** What a scope may return to keep alive. */
export type Kept = Tensor | readonly Tensor[] | Readonly<Record<string, Tensor>> | undefined;

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

export class TensorDevice {
  readonly raw: Device;
  /** Tensors made in each open scope. */
  readonly #scopes: Set<Tensor>[] = [];
  readonly #seed: number;
  /** Counter blocks of the device's own random sequence that are used up. */
  #drawn = 0;

  /** @param seed of random numbers that are drawn without a seed of their own. */
  constructor(raw: Device, seed = 0) {
    this.raw = raw;
    this.#seed = seed;
  }

  /** Uninitialised. @throws OutOfMemoryError, RangeError. */
  empty(shape: Shape, dtype: DType = "f32", tag: Tag = "data"): Tensor {
    checkShape(shape);
    if (sizeOfShape(shape) > MOST) {
      throw new RangeError(
        `A tensor has at most ${MOST} elements, because kernels count in 31 bits; [${shape}] has more.`,
      );
    }
    if (!tags.includes(tag)) throw new TypeError(`There is no ${unknownWord("tag", tag, tags)}`);
    const buffer = this.raw.alloc(sizeOfShape(shape) * sizeOf(dtype), tag);
    return this.wrap(buffer, dtype, [...shape], contiguousStrides(shape), 0);
  }

  full(shape: Shape, value: number, dtype: DType = "f32"): Tensor {
    const tensor = this.empty(shape, dtype);
    this.fill(tensor, value);
    return tensor;
  }

  zeros(shape: Shape, dtype: DType = "f32"): Tensor {
    return this.full(shape, 0, dtype);
  }

  ones(shape: Shape, dtype: DType = "f32"): Tensor {
    return this.full(shape, 1, dtype);
  }

  /** 0, 1, …, end - 1. */
  arange(end: number, dtype: DType = "f32"): Tensor {
    return this.tensor(
      Array.from({ length: end }, (_, i) => i),
      dtype,
    );
  }

  /** From numbers, nested by axis. */
  tensor(values: Nested, dtype: DType = "f32"): Tensor {
    const { data, shape } = unnest(values);
    return this.from(data, shape, dtype);
  }

  /** From flat numbers. @throws RangeError when there are not as many as the shape has. */
  from(data: ArrayLike<number>, shape: Shape, dtype: DType = "f32"): Tensor {
    checkShape(shape);
    if (typeof data?.length !== "number" || typeof data === "string") {
      throw new TypeError(`device.from takes an array of numbers, but got ${kindOf(data)}.`);
    }
    if (data.length !== sizeOfShape(shape)) {
      throw new RangeError(`${data.length} numbers do not fill the shape [${shape}], which has ${sizeOfShape(shape)}.`);
    }
    const tensor = this.empty(shape, dtype);
    this.raw.write(tensor.ref(), encode(data, dtype));
    return tensor;
  }

  /** Uniform in [0, 1). */
  rand(shape: Shape, options: RandomOptions = {}): Tensor {
    return this.#random("randomUniform", shape, [0, 1], options);
  }

  /** Normal with mean 0 and standard deviation 1. */
  randn(shape: Shape, options: RandomOptions = {}): Tensor {
    return this.#random("randomNormal", shape, [0, 1], options);
  }

  /** i32, uniform in from … to - 1. */
  randint(from: number, to: number, shape: Shape, options: Pick<RandomOptions, "seed"> = {}): Tensor {
    if (!(to > from)) throw new RangeError(`randint from ${from} to ${to}: there is no number in between.`);
    return this.#random("randomInt", shape, [from, to - from], { ...options, dtype: "i32" });
  }

  /** Sets all elements of a contiguous tensor. */
  fill(tensor: Tensor, value: number): void {
    if (typeof value !== "number") throw new TypeError(`A tensor is filled with a number, but got ${kindOf(value)}.`);
    this.raw.launch("fill", [tensor.ref()], [codeOf(tensor.dtype), tensor.size, value]);
  }

  /**
   * Runs a synchronous function and frees every tensor it made, except those it returns.
   * @throws TypeError when it returns a promise: two such scopes would interleave.
   */
  scope<T extends Kept>(body: () => T): T {
    const made = new Set<Tensor>();
    this.#scopes.push(made);
    let result: T;
    try {
      result = body();
    } finally {
      this.#scopes.pop();
    }
    if (result instanceof Promise)
      throw new TypeError("device.scope takes a synchronous function; await outside of it.");
    const kept = new Set(result === undefined ? [] : result instanceof Tensor ? [result] : Object.values(result));
    for (const tensor of made) {
      if (kept.has(tensor)) this.#scopes.at(-1)?.add(tensor);
      else tensor.dispose();
    }
    return result;
  }

  /**
   * Records the kernels that a synchronous function launches; nothing runs until `replay`. The function's
   * other tensors are freed, as in `scope`, within memory that stays the graph's.
   * @throws CaptureError naming the line of what cannot be captured: reading, host data, the device's own
   *   random numbers, operations between ranks.
   */
  capture<T extends Kept>(body: () => T): Captured<T> {
    let output!: T;
    const graph = this.raw.capture(() => {
      output = this.scope(body);
    });
    return new Captured(this.raw, graph, output);
  }

  memoryStats(): MemoryStats {
    return this.raw.memoryStats();
  }

  /** Waits until everything launched so far has run. */
  synchronize(): Promise<void> {
    return this.raw.synchronize();
  }

  /** A tensor over a buffer; takes over one reference to it. */
  wrap(buffer: Buffer, dtype: DType, shape: Shape, strides: readonly number[], offset: number): Tensor {
    const tensor = new Tensor(this, buffer, dtype, shape, strides, offset);
    this.#scopes.at(-1)?.add(tensor);
    return tensor;
  }

  /** A tensor tells that it is gone. */
  release(tensor: Tensor): void {
    for (const scope of this.#scopes) scope.delete(tensor);
  }

  #random(
    kernel: "randomUniform" | "randomNormal" | "randomInt",
    shape: Shape,
    range: number[],
    options: RandomOptions,
  ): Tensor {
    checkOptions(options);
    const seed = options.seed ?? this.#seed;
    if (!Number.isSafeInteger(seed))
      throw new RangeError(`A seed is a whole number below 2^53, but this one is ${seed}.`);
    const wide = this.empty(shape, kernel === "randomInt" ? "i32" : "f32");
    // Draws with a seed start at block 0 of their own key, the others follow each other under the device's key.
    const own = options.seed === undefined;
    if (own)
      this.raw.refuse(
        "The device's own random numbers",
        "a replay would draw the same ones. Give a seed if that is wanted.",
      );
    const high = Math.floor(seed / 2 ** 32) ^ (own ? 0x5eed : 0);
    const block = own ? this.#drawn : 0;
    if (own) this.#drawn += Math.ceil(wide.size / 4);
    this.raw.launch(kernel, [wide.ref()], [wide.size, seed | 0, high, block, ...range]);
    const dtype = options.dtype ?? wide.dtype;
    if (dtype === wide.dtype) return wide;
    const narrow = wide.to(dtype);
    wide.dispose();
    return narrow;
  }
}
