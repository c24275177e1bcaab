/**
 * The device as programs see it: makes tensors, frees them by scope, and shows its memory.
 * `device.raw` is the layer below, with buffers and kernels.
 */
import {
  type Buffer,
  type Device,
  type DType,
  type MemoryStats,
  OutOfMemoryError,
  type Stream,
  sizeOf,
  type Tag,
  tags,
} from "../device/index.ts";
import { kindOf, unknownWord } from "../platform/words.ts";
import { Captured } from "./captured.ts";
import type { Operations, TensorHome } from "./gate.ts";
import { encode, type Nested, unnest } from "./host.ts";
import { NoTape } from "./no-tape.ts";
import { operations } from "./ops.ts";
import { type RandomOptions, RandomSource, type RandomState } from "./random.ts";
import { RawHome, rawOf } from "./raw.ts";
import type { Recorder } from "./recorder.ts";
import { type Kept, Scopes } from "./scope.ts";
import { checkShape, contiguousStrides, type Shape, sizeOfShape } from "./shape.ts";
import { Storage } from "./storage.ts";
import { Tensor } from "./tensor.ts";

/** Most elements of a tensor. */
const MOST = 2 ** 31 - 1;

/** @throws TypeError unless memory statistics have such a kind. */
function checkTag(tag: Tag): Tag {
  if (tags.includes(tag)) return tag;
  throw new TypeError(`There is no ${unknownWord("tag", tag, tags)}`);
}

/** A device without a tape computes all the same, and has no gradients. */
const noTape = new NoTape();

/** What an operation threw; where memory ran out, with the operation that needed it. */
function explained(error: unknown, operation: string): unknown {
  return error instanceof OutOfMemoryError ? error.during(operation) : error;
}

/** What programs get as `device`: makes tensors, frees them by scope, captures graphs, and shows its memory. */
export class TensorDevice extends RawHome implements TensorHome<Tensor> {
  readonly tape: Recorder<Tensor>;
  readonly #scopes = new Scopes();
  #tag: Tag = "data";
  readonly #random: RandomSource;

  /**
   * @param seed of random numbers that are drawn without a seed of their own.
   * @param tape who is told of operations, so that there are gradients.
   */
  constructor(raw: Device, seed = 0, tape: Recorder<Tensor> = noTape) {
    super(raw);
    this.#random = new RandomSource(seed);
    this.tape = tape;
  }

  /** Uninitialised. @throws OutOfMemoryError, RangeError. */
  empty(shape: Shape, dtype: DType = "f32", tag: Tag = this.#tag): Tensor {
    checkShape(shape);
    if (sizeOfShape(shape) > MOST) {
      throw new RangeError(
        `A tensor has at most ${MOST} elements, because kernels count in 31 bits; [${shape}] has more.`,
      );
    }
    if (tag !== this.#tag) checkTag(tag);
    const buffer = rawOf(this).alloc(sizeOfShape(shape) * sizeOf(dtype), tag);
    return this.wrap(buffer, dtype, [...shape], contiguousStrides(shape), 0);
  }

  /** All elements the same. @throws OutOfMemoryError, RangeError. */
  full(shape: Shape, value: number, dtype: DType = "f32"): Tensor {
    const tensor = this.empty(shape, dtype);
    return this.apply("fill", tensor, value);
  }

  /** All 0. */
  zeros(shape: Shape, dtype: DType = "f32"): Tensor {
    return this.full(shape, 0, dtype);
  }

  /** All 1. */
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
    rawOf(this).write(tensor.ref(), encode(data, dtype));
    return tensor;
  }

  /** Sets all elements of a contiguous tensor. */
  fill(tensor: Tensor, value: number): void {
    this.apply("fill", tensor, value);
  }

  /** Uniform in [0, 1). */
  rand(shape: Shape, options: RandomOptions = {}): Tensor {
    return this.#random.draw(this, "randomUniform", shape, [0, 1], options);
  }

  /** Normal with mean 0 and standard deviation 1. */
  randn(shape: Shape, options: RandomOptions = {}): Tensor {
    return this.#random.draw(this, "randomNormal", shape, [0, 1], options);
  }

  /** i32, uniform in from … to - 1. */
  randint(from: number, to: number, shape: Shape, options: Pick<RandomOptions, "seed"> = {}): Tensor {
    if (!(to > from)) throw new RangeError(`randint from ${from} to ${to}: there is no number in between.`);
    return this.#random.draw(this, "randomInt", shape, [from, to - from], { ...options, dtype: "i32" });
  }

  /**
   * Runs a synchronous function and frees every tensor it made, except those it returns.
   * @throws TypeError when it returns a promise: two such scopes would interleave.
   */
  scope<T extends Kept>(body: () => T): T {
    return this.#scopes.run(body);
  }

  /**
   * Records the kernels that a synchronous function launches; nothing runs until `replay`. The function's
   * other tensors are freed, as in `scope`, within memory that stays the graph's.
   * @throws CaptureError naming the line of what cannot be captured: reading, host data, the device's own
   *   random numbers, operations between ranks.
   */
  capture<T extends Kept>(body: () => T): Captured<T> {
    let output!: T;
    const graph = rawOf(this).capture(() => {
      output = this.scope(body);
    });
    return new Captured(rawOf(this), graph, output);
  }

  /** Bytes in use and reserved, now and at most, by kind. */
  memoryStats(): MemoryStats {
    return rawOf(this).memoryStats();
  }

  /** Starts the peaks of the memory statistics afresh, from what is in use now. */
  resetPeakMemory(): void {
    rawOf(this).resetPeakMemory();
  }

  /** Waits until everything launched so far has run. */
  synchronize(): Promise<void> {
    return rawOf(this).synchronize();
  }

  /** A tensor over a buffer; takes over one reference to it. @param strides elements. @param offset bytes. */
  wrap(buffer: Buffer, dtype: DType, shape: Shape, strides: readonly number[], offset: number): Tensor {
    return this.view(new Storage(rawOf(this), buffer), dtype, shape, strides, offset);
  }

  view(storage: Storage, dtype: DType, shape: Shape, strides: readonly number[], offset: number): Tensor {
    const tensor = new Tensor(this, storage, dtype, shape, strides, offset);
    this.#scopes.add(tensor);
    return tensor;
  }

  release(tensor: Tensor): void {
    this.#scopes.forget(tensor);
  }

  apply<K extends keyof Operations<Tensor>>(operation: K, ...args: Parameters<Operations<Tensor>[K]>): Tensor {
    const compute = operations[operation] as (...args: Parameters<Operations<Tensor>[K]>) => Tensor;
    const recording = this.tape.pause(); // what an operation is made of is not entered, only itself
    let result: Tensor;
    try {
      result = compute(...args);
    } catch (error) {
      throw explained(error, operation);
    } finally {
      if (recording) this.tape.resume();
    }
    if (recording) this.tape.record(operation, args, result);
    return result;
  }

  fused<R extends object>(operation: string, args: object, compute: () => R): R {
    const recording = this.tape.pause();
    let result: R;
    try {
      result = compute();
    } catch (error) {
      throw explained(error, operation);
    } finally {
      if (recording) this.tape.resume();
    }
    if (recording) this.tape.record(operation, args, result);
    return result;
  }

  /** Begins a step of training: the random keys of a step depend on its number, and on nothing that was drawn before. */
  beginStep(step: number): void {
    this.#random.beginStep(step);
  }

  /** A seed for the next random numbers under a name, such as a layer's dropout: the same in every layout, and again when a step is repeated. */
  randomKey(name: string): number {
    return this.#random.key(name);
  }

  /** Where the device's random numbers stand. */
  randomState(): RandomState {
    return this.#random.state;
  }

  /** Runs a synchronous function that draws the numbers that were drawn from `state` on, and then goes back to where it was. */
  withRandomState<R>(state: RandomState, body: () => R): R {
    const before = this.#random.state;
    this.#random.restore(state);
    try {
      return body();
    } finally {
      this.#random.restore(before);
    }
  }

  /** Runs a synchronous function whose tensors belong to no scope: whoever gets them frees them. */
  unscoped<R>(body: () => R): R {
    return this.#scopes.outside(body);
  }

  /** Runs a synchronous function whose operations are not entered on the tape: nothing in it needs gradients. */
  noGrad<R>(body: () => R): R {
    const recording = this.tape.pause();
    try {
      return body();
    } finally {
      if (recording) this.tape.resume();
    }
  }

  /** Runs a synchronous function whose new tensors are of this kind in the memory statistics, if nothing else is said. */
  withTag<T>(tag: Tag, body: () => T): T {
    const before = this.#tag;
    this.#tag = checkTag(tag);
    try {
      return body();
    } finally {
      this.#tag = before;
    }
  }

  /** The stream that launches go to. */
  get stream(): Stream {
    return rawOf(this).stream;
  }

  /** A further stream, whose kernels are in no order with those of others except by events: `stream.waitFor(event)`. */
  newStream(): Stream {
    return rawOf(this).newStream();
  }

  /** Runs a synchronous function whose launches go to another stream, as torch.cuda.stream does. */
  withStream<T>(stream: Stream, body: () => T): T {
    return rawOf(this).withStream(stream, body);
  }
}
