/** What a thread of a job may use besides our kernels: a native BLAS, and helpers. */
import { Worker } from "node:worker_threads";
import { type RuntimeExtras, type SegmentPool, type StreamStart, TEAM_BYTES, Team } from "../../device/index.ts";
import type { KernelModule } from "../../platform/platform.ts";
import type { BlasChoice } from "./blas/format.ts";
import { NativeBlas } from "./blas/native.ts";
import { workerFile } from "./worker-file.ts";

export interface ExtrasOptions {
  readonly pool: SegmentPool;
  readonly kernels: KernelModule;
  /** Owner of the helpers' memory in the pool. */
  readonly owner: number;
  /** Looks for work before a helper sleeps. */
  readonly spins: number;
  /** The BLAS that the thread and its helpers use, if any. */
  readonly blas?: BlasChoice;
  /** Threads that help the calling one with large kernels. */
  readonly helpers: number;
}

/** What a helper is handed: what a stream's thread is, the team's words in place of a ring, and the BLAS. */
export interface HelperStart extends Omit<StreamStart, "traced" | "number"> {
  readonly blas: BlasChoice | undefined;
}

/** Opens the BLAS and starts the helpers of the calling thread, which take them with them when it ends. */
export function openExtras({ pool, kernels, owner, spins, blas, helpers }: ExtrasOptions): RuntimeExtras {
  const { memory } = pool;
  const native = blas && new NativeBlas(blas, memory);
  if (helpers === 0) return { blas: native };
  const address = pool.take(owner, TEAM_BYTES);
  if (address === 0) throw new Error("No room for a team's words; give the device more memory.");
  memory.bytes(address + TEAM_BYTES).fill(0, address, address + TEAM_BYTES);
  const workerData: HelperStart = { memory: memory.wasm, limit: memory.limit, kernels, address, owner, spins, blas };
  for (let i = 1; i <= helpers; i++) {
    new Worker(workerFile("team-worker"), { workerData, name: `helper ${i}` }).unref();
  }
  return { blas: native, team: new Team(memory, address, helpers) };
}
