/** Devices for tests that need no ranks. */
import { Device, InlineStream, KernelRuntime, SegmentPool } from "../../src/device/index.ts";
import { SharedMemory } from "../../src/platform/memory.ts";
import { nodePlatform } from "../../src/platform/node.ts";
import { TensorDevice } from "../../src/tensor/index.ts";

/** A pool over fresh memory. */
export function makePool(limit = 2 ** 28): SegmentPool {
  return new SegmentPool(SharedMemory.create(limit));
}

/** An inline device of its own. */
export async function makeDevice(options: { quota?: number; pool?: SegmentPool } = {}): Promise<Device> {
  const pool = options.pool ?? makePool();
  const runtime = new KernelRuntime(await nodePlatform.loadKernels(), pool, 60_000);
  return new Device({ runtime, stream: new InlineStream(), owner: 0, quota: options.quota ?? 2 ** 27 });
}

export async function makeTensorDevice(seed = 0): Promise<TensorDevice> {
  return new TensorDevice(await makeDevice(), seed);
}
