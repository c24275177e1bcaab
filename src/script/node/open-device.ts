/** A device of its own, without a world: for benches, tools and tests. */
import { Worker } from "node:worker_threads";
import {
  DeferredStream,
  Device,
  InlineStream,
  KernelRuntime,
  makeExecutor,
  SegmentPool,
  type StreamStart,
  TEAM_BYTES,
  Team,
  ThreadedStreams,
} from "../../device/index.ts";
import { SharedMemory } from "../../platform/memory.ts";
import { nodePlatform } from "../../platform/node.ts";
import type { KernelModule } from "../../platform/platform.ts";
import { Tracer } from "../../trace/trace.ts";
import type { BlasChoice } from "./blas/format.ts";
import { NativeBlas } from "./blas/native.ts";
import { streamSpawner } from "./spawn-stream.ts";
import { workerFile } from "./worker-file.ts";

export interface OpenDeviceOptions {
  /** inline if not given. A deferred stream here is drained by itself, a macrotask after a launch. */
  readonly stream?: "inline" | "deferred" | "threaded";
  /** Kernel build; the fastest that runs if not given. */
  readonly build?: KernelModule["build"];
  /** Bytes that the memory may grow to. */
  readonly memory?: number;
  /** Looks at a word before a thread sleeps. */
  readonly spins?: number;
  /** Position of a threaded stream's first command. */
  readonly first?: number;
  readonly traced?: boolean;
  /** Threads that help an inline stream with large kernels. */
  readonly helpers?: number;
  /** The BLAS to use; none if not given. */
  readonly blas?: BlasChoice;
}

export interface OpenDevice {
  readonly device: Device;
  readonly tracer: Tracer | undefined;
  /** Ends the device and its threads, whatever they do. */
  close(): Promise<void>;
}

const POOL_OWNER = 60_000;

export async function openDevice(options: OpenDeviceOptions = {}): Promise<OpenDevice> {
  const { stream = "inline", memory = 2 ** 28, spins = 200, first, traced = false } = options;
  const kernels = await nodePlatform.loadKernels(options.build);
  const node = SharedMemory.create(memory);
  const pool = new SegmentPool(node);
  const runtime = new KernelRuntime(kernels, pool, POOL_OWNER, options.blas && new NativeBlas(options.blas, node));
  const { timeOrigin } = performance;
  const tracer = traced ? new Tracer(() => timeOrigin + performance.now()) : undefined;
  const { helpers = 0 } = options;
  const team = helpers > 0 ? startTeam(pool, kernels, helpers, spins) : undefined;
  const alone = makeExecutor(runtime, tracer);
  const execute = team?.lead(alone, options.blas ? ["gemm"] : []) ?? alone;
  const drain = (): void => {
    for (const each of device.streams) (each as DeferredStream).drain();
  };
  const threads = new ThreadedStreams({
    pool,
    kernels,
    owner: POOL_OWNER + 1,
    spins,
    traced,
    spawn: streamSpawner(options.blas),
    first,
  });
  const makers = {
    inline: () => new InlineStream(execute),
    deferred: () => new DeferredStream(execute, () => setImmediate(drain)),
    threaded: threads.make,
  };
  const device = new Device({ runtime, stream: makers[stream], owner: 0, quota: memory / 2, tracer });
  const close = async (): Promise<void> => {
    team?.dismiss();
    threads.kill();
    await threads.ended();
  };
  return { device, tracer, close };
}

/** Starts helpers of the calling thread. */
function startTeam(pool: SegmentPool, kernels: KernelModule, helpers: number, spins: number): Team {
  const { memory } = pool;
  const owner = POOL_OWNER + 2;
  const address = pool.take(owner, TEAM_BYTES);
  if (address === 0) throw new Error("No room for a team's words; give the device more memory.");
  memory.bytes(address + TEAM_BYTES).fill(0, address, address + TEAM_BYTES);
  const start = { memory: memory.wasm, limit: memory.limit, kernels, address, owner, spins, traced: false, number: 0 };
  for (let i = 0; i < helpers; i++) {
    new Worker(workerFile("team-worker"), { workerData: start satisfies StreamStart, name: "helper" }).unref();
  }
  return new Team(memory, address, helpers);
}
