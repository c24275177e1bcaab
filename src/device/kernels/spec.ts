/**
 * How a kernel is declared: which buffers it reads and writes and how far, what it costs,
 * and how it is called. The bounds are checked before each launch; the costs feed traces
 * now, and a roofline model of other machines later.
 */

/** Functions the compiled module exports; addresses and integers as plain numbers. */
export type KernelExports = Record<string, (...args: number[]) => number>;

import type { Blas } from "../blas.ts";

/** Address of `bytes` bytes of the thread's private space. */
export type Scratch = (bytes: number) => number;

/** The first `count` i32 of a buffer argument, as they were when the kernel ran. */
export type Words = (argument: number, count: number) => Int32Array;

export interface Kernel {
  /** Names of the scalars, in the order of a launch. */
  readonly scalars: readonly string[];
  /** One entry per buffer argument: read (`in`), written (`out`) or both (`inout`). */
  readonly buffers: readonly ("in" | "out" | "inout")[];
  /** What the tensors of a list are, for kernels whose first buffer is one. */
  readonly list?: readonly ("in" | "out" | "inout")[];
  /** Bytes of an element of each tensor of a list, 4 if not given. */
  readonly listBytes?: readonly number[];
  /** Bytes reached in each buffer argument, given the scalars. */
  readonly bounds: (s: readonly number[]) => number[];
  /** Floating-point operations, given the scalars, and what buffers say besides, such as lengths. */
  readonly flops: (s: readonly number[], words: Words) => number;
  /** Bytes read and written, given the same; what the bounds say (twice for `inout`) if not given. */
  readonly bytes?: (s: readonly number[], words: Words) => number;
  /** Calls the compiled kernel with the addresses of the buffers, then the scalars. @returns 0, or what `explain` knows. */
  readonly run: (k: KernelExports, args: readonly number[], scratch: Scratch, blas?: Blas) => number;
  /** Into how many parts a team of `team` threads should cut this; 1 if it is not worth while. */
  readonly parts?: (args: readonly number[], team: number, blas?: Blas) => number;
  /** Arguments of part i: together the parts write what the whole would, bit for bit. */
  readonly part?: (args: readonly number[], i: number, parts: number) => readonly number[];
  /** What a status other than 0 means; kernels that have it remember the line that launched them. */
  readonly explain?: (status: number, args: readonly number[], words: Words) => string;
}

/** Bytes that a kernel reads and writes. */
export function bytesMoved({ buffers, bounds, bytes }: Kernel, scalars: readonly number[], words: Words): number {
  if (bytes) return bytes(scalars, words);
  return bounds(scalars).reduce((sum, each, i) => sum + (buffers[i] === "inout" ? 2 : 1) * each, 0);
}
