/** A worker that helps a stream with its large kernels. */
import { workerData } from "node:worker_threads";
import { KernelRuntime, makeExecutor, SegmentPool, serveTeam } from "../../device/index.ts";
import { SharedMemory } from "../../platform/memory.ts";
import { NativeBlas } from "./blas/native.ts";
import type { HelperStart } from "./helpers.ts";

const { memory: wasm, limit, kernels, address, owner, spins, blas } = workerData as HelperStart;
const memory = new SharedMemory(wasm, limit);
const native = blas && new NativeBlas(blas, memory);
const runtime = new KernelRuntime(kernels, new SegmentPool(memory), owner, { blas: native });
serveTeam(memory, address, makeExecutor(runtime), spins);
