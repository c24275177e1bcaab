/** Devices for tests that need no ranks. */
import {
  DeferredStream,
  Device,
  InlineStream,
  KernelRuntime,
  SegmentPool,
  type Stream,
} from "../../src/device/index.ts";
import { SharedMemory } from "../../src/platform/memory.ts";
import { nodePlatform } from "../../src/platform/node.ts";
import { TensorDevice } from "../../src/tensor/index.ts";

/** A pool over fresh memory. */
export function makePool(limit = 2 ** 28): SegmentPool {
  return new SegmentPool(SharedMemory.create(limit));
}

/** Which body a device has. */
export interface DeviceChoice {
  readonly build?: "base" | "relaxed";
  readonly stream?: "inline" | "deferred";
}

/** A deferred stream here is drained by itself, a macrotask after a launch. */
function makeStream(mode: DeviceChoice["stream"] = "inline"): Stream {
  if (mode === "inline") return new InlineStream();
  const stream: DeferredStream = new DeferredStream(() => setImmediate(() => stream.drain()));
  return stream;
}

/** A device of its own. */
export async function makeDevice(options: DeviceChoice = {}): Promise<Device> {
  const runtime = new KernelRuntime(await nodePlatform.loadKernels(options.build), makePool(), 60_000);
  return new Device({ runtime, stream: makeStream(options.stream), owner: 0, quota: 2 ** 27 });
}

export async function makeTensorDevice(seed = 0, choice: DeviceChoice = {}): Promise<TensorDevice> {
  return new TensorDevice(await makeDevice(choice), seed);
}
