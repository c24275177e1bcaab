/**
 * Tries a BLAS in a process of its own, so that a broken one breaks nothing else: `node blas-probe.js PATH`
 * prints its speed and from which size on it beats our kernel, or fails.
 */
import { writeSync } from "node:fs";
import { KernelRuntime, SegmentPool } from "../../../device/index.ts";
import { SharedMemory } from "../../../platform/memory.ts";
import { nodePlatform } from "../../../platform/node.ts";
import { NativeBlas } from "./native.ts";

export interface ProbeResult {
  /** Of a product of 256³, one thread. */
  readonly gflops: number;
  readonly ownGflops: number;
  /** Multiply-adds from which the library is faster. */
  readonly from: number;
}

const LARGE = 256;
const sizes = [8, 12, 16, 24, 32, 48, 64, 96, 128, LARGE];

async function probe(path: string): Promise<ProbeResult> {
  const memory = SharedMemory.create(2 ** 24);
  const pool = new SegmentPool(memory);
  const { exports, scratch } = new KernelRuntime(await nodePlatform.loadKernels(), pool, 1);
  const bytes = 4 * LARGE * LARGE;
  const [a, b, c, d] = [0, 1, 2, 3].map(() => pool.take(2, bytes));
  const space = scratch(exports.gemmScratchBytes());
  const blas = new NativeBlas({ path, from: 0 }, memory);
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
  return { gflops: speed(last.native), ownGflops: speed(last.own), from };
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
  const [x, y] = [c, d].map((at) => new Float32Array(memory.wasm.buffer, at, n * n));
  const wrong = x.findIndex((value, i) => !(Math.abs(value - y[i]) <= 1e-5 * n));
  if (wrong >= 0) throw new Error(`its product of ${n}³ is ${x[wrong]} where ours is ${y[wrong]}`);
}

if (process.argv[2]) writeSync(1, JSON.stringify(await probe(process.argv[2])));
