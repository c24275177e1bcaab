/**
 * Tries a BLAS in a process of its own, so that a broken one breaks nothing else: `node blas-probe.js PATH`
 * prints its speed and from which size on it beats our kernel, or fails.
 */
import { writeSync } from "node:fs";
import { type Blas, gemmByBlas, KernelRuntime, kernels, SegmentPool } from "../../../device/index.ts";
import { SharedMemory } from "../../../platform/memory.ts";
import { nodePlatform } from "../../../platform/node/node.ts";
import { NativeBlas } from "./native.ts";

export interface ProbeResult {
  /** Of a product of 256³, one thread. */
  readonly gflops: number;
  readonly ownGflops: number;
  /** Multiply-adds from which the library is faster. */
  readonly from: number;
  /** Whether parts of products had the bits of the whole. */
  readonly splits: boolean;
}

const LARGE = 256;
const { part, parts } = kernels.gemm;
/** Products whose parts are tried, m × n × k; numbers in the largest matrix of them. */
const shapes = [
  [256, 256, 256],
  [201, 253, 255],
  [130, 229, 256],
  [64, 256, 256],
  [16, 512, 640],
  [1, 2048, 2048],
  [2048, 1, 2048],
  [512, 515, 17],
  [700, 300, 99],
];
const MOST = 2048 ** 2;
const transposed = [
  [false, false],
  [false, true],
  [true, false],
];
const sizes = [8, 12, 16, 24, 32, 48, 64, 96, 128, LARGE];

async function probe(path: string): Promise<ProbeResult> {
  const memory = SharedMemory.create(2 ** 27);
  const pool = new SegmentPool(memory);
  const { exports, scratch } = new KernelRuntime(await nodePlatform.loadKernels(), pool, 1);
  const bytes = 4 * LARGE * LARGE;
  const [a, b, c, d] = [0, 1, 2, 3].map(() => pool.take(2, bytes));
  const space = scratch(exports.gemmScratchBytes());
  const blas = new NativeBlas({ path, from: 0, splits: false }, memory);
  exports.randomUniform(a, LARGE * LARGE, 1, 0, 0, -1, 1);
  exports.randomUniform(b, LARGE * LARGE, 2, 0, 0, -1, 1);
  const times = sizes.map((n) => {
    const theirs = () => blas.sgemm(false, true, n, n, n, a, n, b, n, c, n, false);
    const ours = () => void exports.gemm(a, b, d, n, n, n, n, 1, 1, n, n, 0, space);
    const [native, own] = bestOf(theirs, ours, n);
    checkSame(memory, c, d, n);
    return { n, native, own };
  });
  const speed = (milliseconds: number): number => (2 * LARGE ** 3) / milliseconds / 1e6;
  const last = times[times.length - 1];
  // The first size from which on it is always faster.
  let first = times.length;
  while (first > 0 && times[first - 1].native < times[first - 1].own) first--;
  const from = first < times.length ? times[first].n ** 3 : Infinity;
  return { gflops: speed(last.native), ownGflops: speed(last.own), from, splits: splits(memory, pool, blas) };
}

/** Rows or columns computed apart, as helpers would, against the whole: the same bits? */
function splits(memory: SharedMemory, pool: SegmentPool, blas: Blas): boolean {
  const [a, b, c, d] = [0, 1, 2, 3].map(() => pool.take(2, 4 * MOST));
  for (const at of [a, b]) {
    const numbers = new Float32Array(memory.buffer(at + 4 * MOST), at, MOST);
    for (let i = 0; i < MOST; i++) numbers[i] = ((i * 37) % 101) / 100 - 0.5;
  }
  const words = (at: number, n: number): Uint8Array => new Uint8Array(memory.buffer(at + 4 * n), at, 4 * n);
  for (const [m, n, k] of shapes) {
    for (const [left, right] of transposed) {
      const args = [m, n, k, left ? 1 : k, left ? m : 1, right ? 1 : n, right ? k : 1, n, 0];
      gemmByBlas(blas, [a, b, c, ...args]);
      for (let team = 2; team <= 4; team++) {
        const count = parts([a, b, d, ...args], team, { ...blas, splits: true });
        for (let i = 0; i < count; i++) gemmByBlas(blas, part([a, b, d, ...args], i, count));
        if (count > 1 && Buffer.compare(words(c, m * n), words(d, m * n)) !== 0) return false;
      }
    }
  }
  return true;
}

/** Milliseconds of each, in turns; the best counts. */
function bestOf(first: () => void, second: () => void, n: number): [number, number] {
  const times = Math.max(1, Math.floor(2e6 / n ** 3));
  const best = [Infinity, Infinity];
  for (let round = 0; round < 12; round++) {
    for (const [i, run] of [first, second].entries()) {
      const start = performance.now();
      for (let j = 0; j < times; j++) run();
      best[i] = Math.min(best[i], (performance.now() - start) / times);
    }
  }
  return [best[0], best[1]];
}

function checkSame(memory: SharedMemory, c: number, d: number, n: number): void {
  const [x, y] = [c, d].map((at) => new Float32Array(memory.buffer(at + 4 * n * n), at, n * n));
  const wrong = x.findIndex((value, i) => !(Math.abs(value - y[i]) <= 1e-5 * n));
  if (wrong >= 0) throw new Error(`its product of ${n}³ is ${x[wrong]} where ours is ${y[wrong]}`);
}

if (process.argv[2]) writeSync(1, JSON.stringify(await probe(process.argv[2])));
