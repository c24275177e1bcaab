/** How kernels are cut into parts for a team: when that is worth while, and where the cuts lie. */
import type { Kernel } from "./spec.ts";

/** Arithmetic below which sharing a kernel costs more than it brings: about 50 µs of one core. */
const WORTH_SHARING = 2e6;
/** The same of kernels that mostly move bytes. */
const BYTES_WORTH_SHARING = 2 ** 20;
/** Elements that a cut is a multiple of: a line of the cache, and whole blocks of every sweep. */
export const GRAIN = 16;

type Cut = Required<Pick<Kernel, "parts" | "part">>;

/** Parts for a kernel that does `flops` of arithmetic and can be cut into `pieces`. */
export function sharedParts(flops: number, pieces: number, team: number): number {
  return flops < WORTH_SHARING ? 1 : Math.max(1, Math.min(team, Math.floor(pieces)));
}

/** Parts for a kernel that reads and writes `bytes` and can be cut into `pieces`. */
export function sharedBytes(bytes: number, pieces: number, team: number): number {
  return bytes < BYTES_WORTH_SHARING ? 1 : Math.max(1, Math.min(team, Math.floor(pieces)));
}

/** Run i of `count` things in `parts` runs, none shorter than a grain, that begin at multiples of it. */
export function run(count: number, i: number, parts: number, grain = 1): { from: number; to: number } {
  const start = (part: number): number => Math.floor((part * Math.floor(count / grain)) / parts) * grain;
  return { from: start(i), to: i + 1 === parts ? count : start(i + 1) };
}

/** Cuts a kernel of `buffers` runs of f32, then their length, then `rest`: each element alone. */
export function byElements(buffers: number): Cut {
  return {
    parts: (args, team) => sharedBytes(4 * buffers * args[buffers], args[buffers] / GRAIN, team),
    part: (args, i, parts) => {
      const { from, to } = run(args[buffers], i, parts, GRAIN);
      return [...args.slice(0, buffers).map((at) => at + 4 * from), to - from, ...args.slice(buffers + 1)];
    },
  };
}

/**
 * Cuts a kernel whose first scalars are rows and columns by rows.
 * @param kinds what each buffer has: `rows` whole rows, `each` a word for each row, `all` something that every part reads.
 */
export function byRows(kinds: readonly ("rows" | "each" | "all")[], rest: Pick<Kernel, "flops">): Cut {
  const count = kinds.length;
  return {
    parts: (args, team) =>
      sharedParts(
        rest.flops(args.slice(count), () => new Int32Array()),
        args[count],
        team,
      ),
    part: (args, i, parts) => {
      const [rows, cols] = args.slice(count);
      const { from, to } = run(rows, i, parts);
      const step = { rows: 4 * from * cols, each: 4 * from, all: 0 };
      const buffers = kinds.map((kind, at) => args[at] + step[kind]);
      return [...buffers, to - from, ...args.slice(count + 1)];
    },
  };
}

/**
 * Cuts a kernel that walks four axes and writes contiguously: along the first axis that has a length, so that each part
 * writes one run.
 * @param at of the first length among all arguments. @param strides where the strides of each strided buffer begin.
 * @param sizes bytes of an element of the buffers.
 */
export function byAxis(
  at: number,
  strided: readonly { readonly buffer: number; readonly strides: number }[],
  contiguous: number,
  sizes: (args: readonly number[]) => { readonly strided: number; readonly contiguous: number },
): Cut {
  const axisOf = (args: readonly number[]): number => {
    for (let axis = 0; axis < 3; axis++) if (args[at + axis] !== 1) return axis;
    return 3;
  };
  const pieces = (args: readonly number[], axis: number): number => args[at + axis] / (axis === 3 ? GRAIN : 1);
  return {
    parts: (args, team) => {
      const n = args[at] * args[at + 1] * args[at + 2] * args[at + 3];
      const size = sizes(args);
      return sharedBytes(n * (strided.length * size.strided + size.contiguous), pieces(args, axisOf(args)), team);
    },
    part: (args, i, parts) => {
      const axis = axisOf(args);
      const { from, to } = run(args[at + axis], i, parts, axis === 3 ? GRAIN : 1);
      const size = sizes(args);
      const cut = [...args];
      cut[at + axis] = to - from;
      for (const { buffer, strides } of strided) cut[buffer] += from * args[strides + axis] * size.strided;
      let before = from; // elements of the result before this part
      for (let after = axis + 1; after < 4; after++) before *= args[at + after];
      cut[contiguous] += before * size.contiguous;
      return cut;
    },
  };
}
