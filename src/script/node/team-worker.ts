/** A worker that helps a stream with its large kernels. */
import { workerData } from "node:worker_threads";
import { KernelRuntime, makeExecutor, SegmentPool, type StreamStart, serveTeam } from "../../device/index.ts";
import { SharedMemory } from "../../platform/memory.ts";

const { memory: wasm, limit, kernels, address, owner, spins } = workerData as StreamStart;
const memory = new SharedMemory(wasm, limit);
const runtime = new KernelRuntime(kernels, new SegmentPool(memory), owner);
serveTeam(memory, address, makeExecutor(runtime), spins);
