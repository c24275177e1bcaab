/** A thread that helps a stream with its large kernels. */
import { KernelRuntime, makeExecutor, SegmentPool, type StreamStart, serveTeam } from "../../device/index.ts";
import { SharedMemory } from "../../platform/memory.ts";
import type { BlasChoice } from "../blas-choice.ts";
import type { ThreadKit } from "../kit.ts";

/** What a helper is handed: what a stream's thread is, the team's words in place of a ring, and the BLAS. */
export interface HelperStart extends Omit<StreamStart, "traced" | "number"> {
  readonly blas: BlasChoice | undefined;
}

export function playHelper(start: HelperStart, kit: ThreadKit): void {
  const { memory: wasm, limit, kernels, address, owner, spins, blas } = start;
  const memory = new SharedMemory(wasm, limit);
  const native = blas && kit.openBlas?.(blas, memory);
  const runtime = new KernelRuntime(kernels, new SegmentPool(memory), owner, { blas: native });
  serveTeam(memory, address, makeExecutor(runtime), spins);
}
