/**
 * Kernels over many tensors in one launch. Their first buffer is a list of where the tensors
 * lie, which Device.launchMany writes; the bounds of what it names are checked there. Parts take
 * turns at runs of RUN elements of each tensor.
 */
import { sharedBytes } from "./parts.ts";
import type { Kernel } from "./spec.ts";

/** Elements of a run: what one part does at a time, and what `squares` sums in f32. */
const RUN = 4096;

/** Cuts a kernel with so many arguments, the last of them the number of elements. @param bytes moved for each. */
function byTurns(count: number, bytes: number): Required<Pick<Kernel, "parts" | "part">> {
  return {
    parts: (args, team) => sharedBytes(bytes * args[count - 1], args[count - 1] / RUN, team),
    part: (args, i, parts) => [...args.slice(0, count), i, parts],
  };
}

/** Runs of a list of tensors with so many elements: each has some of its own. */
export function runsOf(lengths: readonly number[]): number {
  return lengths.reduce((sum, n) => sum + Math.ceil(n / RUN), 0);
}

const adamScalars = ["count", "lr", "beta1", "beta2", "eps", "decay", "c1", "c2", "total"] as const;

/** The last scalar of each list is the number of elements of all tensors together, by which alone it is known what the kernel costs. */
export const optimizerKernels = {
  /** list of (parameter, gradient, first moment, second moment, n), factor of the gradients [1] | count, lr, beta1, beta2, eps, decay, c1, c2, total */
  adamw: {
    scalars: adamScalars,
    buffers: ["in", "in"],
    list: ["inout", "in", "inout", "inout"],
    bounds: ([count]) => [count * 20, 4],
    flops: (s) => 15 * s[8],
    bytes: (s) => 28 * s[8], // the parameter and both moments there and back, the gradient once
    run: (k, [list, factor, count, lr, beta1, beta2, eps, decay, c1, c2, , i = 0, parts = 1]) =>
      k.adamw(list, factor, count, lr, beta1, beta2, eps, decay, c1, c2, i, parts),
    ...byTurns(11, 28),
  },
  /** As adamw, with decay · parameter added to the gradient. */
  adam: {
    scalars: adamScalars,
    buffers: ["in", "in"],
    list: ["inout", "in", "inout", "inout"],
    bounds: ([count]) => [count * 20, 4],
    flops: (s) => 16 * s[8],
    bytes: (s) => 28 * s[8],
    run: (k, [list, factor, count, lr, beta1, beta2, eps, decay, c1, c2, , i = 0, parts = 1]) =>
      k.adam(list, factor, count, lr, beta1, beta2, eps, decay, c1, c2, i, parts),
    ...byTurns(11, 28),
  },
  /** As adamw, list of (master (f32), gradient, first moment, second moment, parameter (bf16), n): the parameter becomes the rounded master. */
  adamwMaster: {
    scalars: adamScalars,
    buffers: ["in", "in"],
    list: ["inout", "in", "inout", "inout", "out"],
    listBytes: [4, 4, 4, 4, 2],
    bounds: ([count]) => [count * 24, 4],
    flops: (s) => 15 * s[8],
    bytes: (s) => 30 * s[8],
    run: (k, [list, factor, count, lr, beta1, beta2, eps, decay, c1, c2, , i = 0, parts = 1]) =>
      k.adamwMaster(list, factor, count, lr, beta1, beta2, eps, decay, c1, c2, i, parts),
    ...byTurns(11, 30),
  },
  /** list of (parameter, gradient, n), factor of the gradients [1] | count, lr, decay, total */
  sgd: {
    scalars: ["count", "lr", "decay", "total"],
    buffers: ["in", "in"],
    list: ["inout", "in"],
    bounds: ([count]) => [count * 12, 4],
    flops: ([, , , total]) => 5 * total,
    bytes: ([, , , total]) => 12 * total,
    run: (k, [list, factor, count, lr, decay, , i = 0, parts = 1]) =>
      k.sgd(list, factor, count, lr, 0, 0, 0, decay, 0, 0, i, parts),
    ...byTurns(6, 12),
  },
  /**
   * list of (parameter, gradient, buffer, n), factor of the gradients [1] | count, lr, momentum, dampening, nesterov,
   * decay, first (the buffer is written, not read), total
   */
  sgdMomentum: {
    scalars: ["count", "lr", "momentum", "dampening", "nesterov", "decay", "first", "total"],
    buffers: ["in", "in"],
    list: ["inout", "in", "inout"],
    bounds: ([count]) => [count * 16, 4],
    flops: (s) => 8 * s[7],
    bytes: (s) => 20 * s[7],
    run: (k, [list, factor, count, lr, momentum, dampening, nesterov, decay, first, , i = 0, parts = 1]) =>
      k.sgd(list, factor, count, lr, momentum, dampening, nesterov, decay, first, 1, i, parts),
    ...byTurns(10, 20),
  },
  /** list of (tensor, n), sums (f64) [runs]: the sum of squares of each run of 4096 elements of each tensor | count, total */
  squares: {
    scalars: ["count", "total"],
    buffers: ["in", "out"],
    list: ["in"],
    bounds: ([count, total]) => [count * 8, 8 * (count + Math.floor(total / RUN))],
    flops: ([, total]) => 2 * total,
    bytes: ([, total]) => 4 * total,
    run: (k, [list, sums, count, , i = 0, parts = 1]) => k.squares(list, sums, count, i, parts),
    ...byTurns(4, 4),
  },
  /** sums (f64) [runs], as of `squares`, out [2]: the root of their sum, and min(1, most / root) | runs, most */
  gradNorm: {
    scalars: ["runs", "most"],
    buffers: ["in", "out"],
    bounds: ([runs]) => [runs * 8, 8],
    flops: ([runs]) => runs,
    run: (k, [sums, out, runs, most]) => k.gradNorm(sums, out, runs, most),
  },
} satisfies Record<string, Kernel>;
