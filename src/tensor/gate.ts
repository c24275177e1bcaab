/**
 * The gate between tensors and what computes them: a tensor's methods say what they want, the
 * device does it. Every operation passes through `apply`, so whatever concerns all of them, such
 * as tags of memory and spans, has one place.
 */
import type { BinaryOp, CompareOp, DType, ReduceOp, Tag, UnaryOp } from "../device/index.ts";
import type { RawHome } from "./raw.ts";
import type { Recorder } from "./recorder.ts";
import type { Shape } from "./shape.ts";
import type { Storage } from "./storage.ts";

/** How elements are compared: as kernels do, or the other way round. */
export type Comparison = CompareOp | "gt" | "ge";

/** What can be computed with tensors T; ops.ts has how, and what each throws. */
export interface Operations<T> {
  unary(op: UnaryOp, x: T): T;
  /** a op b with broadcasting, in a new tensor, or in `out`. */
  binary(op: BinaryOp, a: T, b: T | number, out?: T): T;
  /** u8: 1 where a op b holds. */
  compare(op: Comparison, a: T, b: T | number): T;
  /** A contiguous copy in a dtype. */
  cast(x: T, dtype: DType): T;
  /** Copies x into a contiguous tensor, broadcast and converted. */
  convert(x: T, out: T): T;
  fill(out: T, value: number): T;
  reduce(op: ReduceOp, x: T, axis: number | undefined, keepdim: boolean): T;
  mean(x: T, axis: number | undefined, keepdim: boolean): T;
  argmax(x: T, axis: number | undefined, keepdim: boolean): T;
  softmax(x: T, axis: number): T;
  matmul(a: T, b: T): T;
}

/** What a tensor needs of the device that it lies on. */
export interface TensorHome<T> extends RawHome {
  /** Uninitialised. */
  empty(shape: Shape, dtype?: DType, tag?: Tag): T;
  /** A tensor over a storage; takes over one handle on it. @param offset bytes. */
  view(storage: Storage, dtype: DType, shape: Shape, strides: readonly number[], offset: number): T;
  /** A tensor tells that it is gone. */
  release(tensor: T): void;
  /** Who is told of operations, so that gradients can be computed. */
  readonly tape: Recorder<T>;
  /**
   * Carries out what a fused kernel does: the same gate for functions that are not a tensor's methods.
   * @param args what it was called with, by name: the tape looks there for tensors that need gradients.
   */
  fused<R extends object>(operation: string, args: object, compute: () => R): R;
  /** Carries out an operation. */
  apply<K extends keyof Operations<T>>(operation: K, ...args: Parameters<Operations<T>[K]>): T;
}
