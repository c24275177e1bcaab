/** Devices for tests that need no ranks. */
import {
  DeferredStream,
  Device,
  InlineStream,
  KernelRuntime,
  makeExecutor,
  SegmentPool,
  ThreadedStreams,
} from "../../src/device/index.ts";
import { SharedMemory } from "../../src/platform/memory.ts";
import { nodePlatform } from "../../src/platform/node.ts";
import { spawnStream } from "../../src/script/node/spawn-stream.ts";
import { TensorDevice } from "../../src/tensor/index.ts";

/** A pool over fresh memory. */
export function makePool(limit = 2 ** 28): SegmentPool {
  return new SegmentPool(SharedMemory.create(limit));
}

/** Which body a device has. */
export interface DeviceChoice {
  readonly build?: "base" | "relaxed";
  readonly stream?: "inline" | "deferred" | "threaded";
  /** Position of a threaded stream's first command. */
  readonly first?: number;
}

/** Threads of streams that tests have started; they end with the test's process at the latest. */
const threads: ThreadedStreams[] = [];

/** Ends all threads of streams. For afterAll. */
export function killStreams(): void {
  for (const each of threads.splice(0)) each.kill();
}

/** A device of its own. A deferred stream here is drained by itself, a macrotask after a launch. */
export async function makeDevice(options: DeviceChoice = {}): Promise<Device> {
  const kernels = await nodePlatform.loadKernels(options.build);
  const runtime = new KernelRuntime(kernels, makePool(), 60_000);
  const execute = makeExecutor(runtime);
  const drain = () => {
    for (const stream of device.streams) (stream as DeferredStream).drain();
  };
  const makers = {
    inline: () => new InlineStream(execute),
    deferred: () => new DeferredStream(execute, () => setImmediate(drain)),
    threaded: (number: number) => threaded().make(number),
  };
  let streams: ThreadedStreams | undefined;
  const threaded = (): ThreadedStreams => {
    if (streams) return streams;
    const { first } = options;
    streams = new ThreadedStreams({ pool: runtime.pool, kernels, owner: 61_000, spins: 200, spawn: spawnStream, first });
    threads.push(streams);
    return streams;
  };
  const device = new Device({ runtime, stream: makers[options.stream ?? "inline"], owner: 0, quota: 2 ** 27 });
  return device;
}

export async function makeTensorDevice(seed = 0, choice: DeviceChoice = {}): Promise<TensorDevice> {
  return new TensorDevice(await makeDevice(choice), seed);
}
