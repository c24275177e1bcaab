/**
 * `worldsize bench gemm`: our product in one thread and in two, beside the multiply-add loop
 * that is its ceiling; a native BLAS through the device beside calling it directly.
 */
import { addressOf, type Buffer, type Device } from "../../device/index.ts";
import { openedBlas } from "../../job/node/blas/choice.ts";
import { openDevice } from "../../job/node/open-device.ts";
import type { Flags, Measurement, Progress } from "./measure.ts";
import { type KernelPeer, runKernelPeer } from "./peers.ts";

const SIZE = 1024;
/** Tries of each thing in a round. */
const TRIES = 12;
/** Looks for a job before a helper sleeps: more than the pause between two products. */
const SPINS = 2000;

interface Product {
  run(): void;
  readonly places: readonly number[];
}

/** A product of two random matrices on a device. */
function product(device: Device, n: number): Product {
  const [a, b, c] = [1, 2, 3].map((seed) => {
    const buffer: Buffer = device.alloc(4 * n * n);
    device.launch("randomUniform", [{ buffer, offset: 0 }], [n * n, seed, 0, 0, -1, 1]);
    return buffer;
  });
  const refs = [a, b, c].map((buffer) => ({ buffer, offset: 0 }));
  return {
    run: () => device.launch("gemm", refs, [n, n, n, n, 1, n, 1, n, 0]),
    places: [a, b, c].map(addressOf),
  };
}

/** Runs all in turns, and keeps the least milliseconds of each. */
function inTurns(best: Map<string, number>, runs: Readonly<Record<string, () => void>>): void {
  for (let i = 0; i < TRIES; i++) {
    for (const [name, run] of Object.entries(runs)) {
      const start = performance.now();
      run();
      best.set(name, Math.min(best.get(name) ?? Infinity, performance.now() - start));
    }
  }
}

export async function benchGemm(flags: Flags, progress: Progress): Promise<Measurement[]> {
  const { choice } = await openedBlas();
  const [one, two] = [await openDevice({ spins: SPINS }), await openDevice({ helpers: 1, spins: SPINS })];
  const native = choice ? await openDevice({ blas: choice }) : undefined;
  const shared = choice?.splits ? await openDevice({ blas: choice, helpers: 1, spins: SPINS }) : undefined;
  const best = new Map<string, number>();
  const loops = 1e6;
  try {
    const [alone, helped] = [product(one.device, SIZE).run, product(two.device, SIZE).run];
    const { exports } = one.device.runtime;
    const own = { alone, helped, peak: () => void exports.peakMadd(loops) };
    const natives = native && shared && { native, shared };
    const nativeRuns = Object.entries(natives ?? {}).map(([name, { device }]) => [name, product(device, SIZE).run]);
    const pairs = (native ? [512, 1024] : []).map((n) => {
      const { run, places } = product((native as typeof one).device, n);
      const [a, b, c] = places;
      const directly = () => native?.device.runtime.blas?.sgemm(false, false, n, n, n, a, n, b, n, c, n, false);
      return { [`${n} through the device`]: run, [`${n} directly`]: directly };
    });
    for (let round = 1; round <= flags.rounds; round++) {
      progress(`gemm, round ${round} of ${flags.rounds}`);
      inTurns(best, own);
      inTurns(best, Object.fromEntries(nativeRuns) as Record<string, () => void>);
      for (const pair of pairs) inTurns(best, pair); // each size by itself: both sides find the caches alike
      for (const peer of flags.against) {
        best.set(peer, Math.min(best.get(peer) ?? Infinity, runKernelPeer(peer as KernelPeer, "gemm", SIZE)));
      }
    }
  } finally {
    await Promise.all([one.close(), two.close(), native?.close(), shared?.close()]);
  }
  const speed = (name: string, flops = 2 * SIZE ** 3): number => flops / (best.get(name) as number) / 1e6;
  const against = (name: string, value: number, peer: string, peerValue: number): Measurement => ({
    bench: "gemm",
    case: name,
    metric: "speed",
    unit: "GFLOP/s",
    value,
    peer,
    peerValue,
    ratio: value / peerValue,
  });
  const rows = [
    against(`${SIZE}³, one core`, speed("alone"), "multiply-add loop", speed("peak", 96 * loops)),
    against(`${SIZE}³, two cores`, speed("helped"), "one core", speed("alone")),
  ];
  for (const peer of flags.against) rows.push(against(`${SIZE}³, one core`, speed("alone"), peer, speed(peer)));
  for (const n of native ? [512, 1024] : []) {
    const flops = 2 * n ** 3;
    const [ours, theirs] = [speed(`${n} through the device`, flops), speed(`${n} directly`, flops)];
    rows.push(against(`${n}³, native BLAS`, ours, "calling it directly", theirs));
  }
  if (shared) rows.push(against(`${SIZE}³, native BLAS, two cores`, speed("shared"), "one core", speed("native")));
  return rows;
}
