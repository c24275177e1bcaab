/**
 * Kernels over many tensors in one launch. Their first buffer is a list of where the tensors
 * lie, which Device.launchMany writes; the bounds of what it names are checked there.
 */
import type { Kernel } from "./spec.ts";

/** The last scalar of each is the number of elements of all tensors together, by which alone it is known what the kernel costs. */
export const optimizerKernels = {
  /** list of (parameter, gradient, first moment, second moment, n), factor of the gradients [1] | count, lr, beta1, beta2, eps, decay, c1, c2, total */
  adamw: {
    scalars: ["count", "lr", "beta1", "beta2", "eps", "decay", "c1", "c2", "total"],
    buffers: ["in", "in"],
    list: ["inout", "in", "inout", "inout"],
    bounds: ([count]) => [count * 20, 4],
    flops: (s) => 15 * s[8],
    bytes: (s) => 28 * s[8], // the parameter and both moments there and back, the gradient once
    run: (k, [list, factor, count, lr, beta1, beta2, eps, decay, c1, c2]) =>
      k.adamw(list, factor, count, lr, beta1, beta2, eps, decay, c1, c2),
  },
  /** list of (tensor, n), out [2]: the norm, and min(1, most / norm) | count, most, total */
  gradNorm: {
    scalars: ["count", "most", "total"],
    buffers: ["in", "out"],
    list: ["in"],
    bounds: ([count]) => [count * 8, 8],
    flops: ([, , total]) => 2 * total,
    bytes: ([, , total]) => 4 * total,
    run: (k, [list, out, count, most]) => k.gradNorm(list, out, count, most),
  },
} satisfies Record<string, Kernel>;
