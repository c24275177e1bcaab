// The page of the browser suite: runs conformance cases on workers over shared memory, or
// on this thread over the local transport, and hands the outcome to the test.
import { KernelRuntime, SegmentPool } from "../../src/device/index.ts";
import { browserPlatform } from "../../src/platform/browser/browser.ts";
import { SharedMemory } from "../../src/platform/memory.ts";
import type { KernelModule } from "../../src/platform/platform.ts";
import { TensorDevice } from "../../src/tensor/index.ts";
import { buildLocalWorld, type ShmControl, takeShmControl } from "../../src/world/index.ts";
import { runSuite } from "../conformance/suite.ts";

export interface RankStart {
  readonly rank: number;
  readonly size: number;
  readonly wasm: WebAssembly.Memory;
  readonly limit: number;
  readonly kernels: KernelModule;
  readonly control: ShmControl;
  readonly cases: number;
  readonly seed: number;
  /** Whether each rank has nested workers for its streams. */
  readonly threaded: boolean;
}

/** Operations checked on each rank. */
export type Outcome = { readonly checked: number[]; readonly build: string } | { readonly error: string };

/** Browsers give a page less address space than Node. */
const LIMIT = 2 ** 28;

async function overShm(size: number, cases: number, seed: number, threaded = false): Promise<Outcome> {
  const kernels = await browserPlatform(location.href).loadKernels();
  const memory = SharedMemory.create(LIMIT);
  const control = takeShmControl(new SegmentPool(memory), size);
  const workers: Worker[] = [];
  try {
    const endings = Array.from({ length: size }, (_, rank) => {
      const worker = new Worker(new URL("rank.js", location.href), { type: "module" });
      workers.push(worker);
      return new Promise<{ checked?: number; error?: string }>((resolve) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = (event) => resolve({ error: event.message });
        worker.postMessage({
          rank,
          size,
          wasm: memory.wasm,
          limit: memory.limit,
          kernels,
          control,
          cases,
          seed,
          threaded,
        } satisfies RankStart);
      });
    });
    const results = await Promise.all(endings);
    const failed = results.find((result) => result.error);
    return failed?.error
      ? { error: failed.error }
      : { checked: results.map(({ checked = 0 }) => checked), build: kernels.build };
  } finally {
    for (const worker of workers) worker.terminate();
  }
}

async function overLocal(size: number, cases: number, seed: number): Promise<Outcome> {
  const platform = browserPlatform(location.href);
  const kernels = await platform.loadKernels();
  const pool = new SegmentPool(SharedMemory.create(LIMIT));
  const runtime = new KernelRuntime(kernels, pool, 60_000);
  const ranks = buildLocalWorld({
    size,
    runtime,
    quota: LIMIT,
    now: () => performance.now(),
    macrotask: platform.macrotask,
    seed,
  });
  const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
  try {
    const checked = await Promise.all(
      ranks.map(async ({ world, device, engine }) => {
        const count = await runSuite({ world, device: new TensorDevice(device), sleep }, { cases, seed });
        await engine.finish();
        engine.leave("finished");
        return count;
      }),
    );
    return { checked, build: kernels.build };
  } catch (error) {
    return { error: String(error) };
  }
}

Object.assign(globalThis, {
  conformance: {
    shm: overShm,
    local: overLocal,
    threaded: (size: number, cases: number, seed: number) => overShm(size, cases, seed, true),
  },
});
