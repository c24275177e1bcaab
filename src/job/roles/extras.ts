/** What a thread of a job may use besides our kernels: a native BLAS, and helpers. */
import { type RuntimeExtras, type SegmentPool, TEAM_BYTES, Team } from "../../device/index.ts";
import type { KernelModule } from "../../platform/platform.ts";
import type { BlasChoice } from "../blas-choice.ts";
import type { ThreadKit } from "../kit.ts";
import type { HelperStart } from "./helper.ts";

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

/** Opens the BLAS and starts the helpers of the calling thread, which take them with them when it ends. */
export function openExtras(kit: ThreadKit, options: ExtrasOptions): RuntimeExtras {
  const { pool, kernels, owner, spins, blas, helpers } = options;
  const { memory } = pool;
  const native = blas && kit.openBlas?.(blas, memory);
  if (helpers === 0) return { blas: native };
  const address = pool.needZeroed(owner, TEAM_BYTES, "a team's words");
  const start: HelperStart = { memory: memory.wasm, limit: memory.limit, kernels, address, owner, spins, blas };
  for (let i = 1; i <= helpers; i++) kit.spawn("helper", start, { name: `helper ${i}`, background: true });
  return { blas: native, team: new Team(memory, address, helpers) };
}
