/** Devices for tests that need no ranks. */
import { Tape } from "../../src/autograd/index.ts";
import { type Device, SegmentPool } from "../../src/device/index.ts";
import { type OpenDevice, type OpenDeviceOptions, openDevice } from "../../src/job/node/open-device.ts";
import { SharedMemory } from "../../src/platform/memory.ts";
import { TensorDevice } from "../../src/tensor/index.ts";

/** A pool over fresh memory. */
export function makePool(limit = 2 ** 28): SegmentPool {
  return new SegmentPool(SharedMemory.create(limit));
}

/** Which body a device has. */
export type DeviceChoice = Pick<OpenDeviceOptions, "build" | "stream" | "first">;

/** Devices that tests have opened. */
const opened: OpenDevice[] = [];

/** Ends all threads of streams. For afterAll. */
export async function closeDevices(): Promise<void> {
  await Promise.all(opened.splice(0).map((each) => each.close()));
}

/** A device of its own. */
export async function makeDevice(choice: DeviceChoice = {}): Promise<Device> {
  const open = await openDevice(choice);
  opened.push(open);
  return open.device;
}

export async function makeTensorDevice(seed = 0, choice: DeviceChoice = {}): Promise<TensorDevice> {
  return new TensorDevice(await makeDevice(choice), seed, new Tape());
}
