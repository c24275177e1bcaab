/**
 * Products of a mixture of experts, over a list of the experts' weights (see optimizer.ts for kernels with lists). All f32.
 * The last scalar of each is the number of elements of all listed tensors together.
 */
import type { Kernel, KernelExports, Scratch } from "./spec.ts";

function noSuchRows(status: number): string {
  return `the rows of expert ${status - 1} are not among those that there are`;
}

const scalars = ["count", "rows", "input", "output", "total"] as const;

/** Every row meets one expert's weight once. */
const flops = ([, rows, input, output]: readonly number[]): number => 2 * rows * input * output;

/** Bytes of the list, the boundaries, and two tensors of rows. */
function bounds(first: "input" | "output") {
  return ([count, rows, input, output]: readonly number[]): number[] => {
    const [a, b] = first === "input" ? [input, output] : [output, input];
    return [count * 8, (count + 1) * 4, rows * a * 4, rows * b * 4];
  };
}

function call(name: string) {
  return (k: KernelExports, args: readonly number[], scratch: Scratch): number => {
    const [list, starts, a, b, count, rows, input, output] = args;
    return k[name](list, starts, a, b, count, rows, input, output, scratch(k.gemmScratchBytes()));
  };
}

/** Scalars are listed in each comment, in order. */
export const expertKernels = {
  /** list of (W [output, input], n), starts (i32) [count + 1], x [rows, input], y [rows, output] | count, rows, input, output, total */
  expertsForward: {
    scalars,
    buffers: ["in", "in", "in", "out"],
    list: ["in"],
    bounds: bounds("input"),
    flops,
    bytes: ([, rows, input, output, total]) => 4 * (total + rows * (input + output)),
    run: call("expertsForward"),
    explain: noSuchRows,
  },
  /** list of (W [output, input], n), starts (i32) [count + 1], dy [rows, output], dx [rows, input] | the same */
  expertsInput: {
    scalars,
    buffers: ["in", "in", "in", "out"],
    list: ["in"],
    bounds: bounds("output"),
    flops,
    bytes: ([, rows, input, output, total]) => 4 * (total + rows * (input + output)),
    run: call("expertsInput"),
    explain: noSuchRows,
  },
  /** list of (dW [output, input], added to, n), starts (i32) [count + 1], dy [rows, output], x [rows, input] | the same */
  expertsWeight: {
    scalars,
    buffers: ["in", "in", "in", "in"],
    list: ["inout"],
    bounds: bounds("output"),
    flops,
    bytes: ([, rows, input, output, total]) => 4 * (2 * total + rows * (input + output)),
    run: call("expertsWeight"),
    explain: noSuchRows,
  },
} satisfies Record<string, Kernel>;
