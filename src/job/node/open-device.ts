/** A device of its own, without a world: for benches, tools and tests. */
import {
  DeferredStream,
  Device,
  InlineStream,
  KernelRuntime,
  makeExecutor,
  ownerOf,
  SegmentPool,
  ThreadedStreams,
} from "../../device/index.ts";
import { SharedMemory } from "../../platform/memory.ts";
import { nodePlatform } from "../../platform/node/node.ts";
import type { KernelModule } from "../../platform/platform.ts";
import { Tracer } from "../../trace/trace.ts";
import type { BlasChoice } from "../blas-choice.ts";
import { openExtras } from "../roles/extras.ts";
import { streamSpawner } from "../roles/stream.ts";
import { nodeKit } from "./node-kit.ts";

export interface OpenDeviceOptions {
  /** inline if not given. A deferred stream here is drained by itself, a macrotask after a launch. */
  readonly stream?: "inline" | "deferred" | "threaded";
  /** Kernel build; the fastest that runs if not given. */
  readonly build?: KernelModule["build"];
  /** Bytes that the memory may grow to. */
  readonly memory?: number;
  /** Bytes of it that tensors may take; half of it if not given. */
  readonly quota?: number;
  /** Looks at a word before a thread sleeps. */
  readonly spins?: number;
  /** Position of a threaded stream's first command. */
  readonly first?: number;
  readonly traced?: boolean;
  /** Threads that help each stream with large kernels. */
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

export async function openDevice(options: OpenDeviceOptions = {}): Promise<OpenDevice> {
  const { stream = "inline", memory = 2 ** 28, quota = memory / 2, spins = 200, first, traced = false } = options;
  const kernels = await nodePlatform.loadKernels(options.build);
  const node = SharedMemory.create(memory);
  const pool = new SegmentPool(node);
  const { timeOrigin } = performance;
  const tracer = traced ? new Tracer(() => timeOrigin + performance.now()) : undefined;
  const { blas, helpers = 0 } = options;
  const help = { blas, helpers: stream === "threaded" ? 0 : helpers };
  const extras = openExtras(nodeKit, { pool, kernels, owner: ownerOf("helpers", 0), spins, ...help });
  const runtime = new KernelRuntime(kernels, pool, ownerOf("scratch", 0), extras);
  const execute = makeExecutor(runtime, tracer);
  const drain = (): void => {
    for (const each of device.streams) (each as DeferredStream).drain();
  };
  const threads = new ThreadedStreams({
    pool,
    kernels,
    owner: ownerOf("stream", 0),
    spins,
    traced,
    spawn: streamSpawner(nodeKit, blas, helpers),
    first,
  });
  const makers = {
    inline: () => new InlineStream(execute),
    deferred: () => new DeferredStream(execute, () => setImmediate(drain)),
    threaded: threads.make,
  };
  const device = new Device({ runtime, stream: makers[stream], owner: 0, quota, tracer });
  const close = async (): Promise<void> => {
    runtime.team?.dismiss();
    threads.kill();
    await threads.ended();
  };
  return { device, tracer, close };
}
