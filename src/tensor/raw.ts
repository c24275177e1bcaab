/**
 * The layer below a tensor device: buffers, streams and kernels. The library reaches it by `rawOf`;
 * programs have `device.raw`, unless it was closed to them, because what they do is judged.
 */
import type { Device } from "../device/index.ts";

/** The layer below, also where programs may not reach it. */
let rawOf: (home: RawHome) => Device;

/** From now on, the program does not reach the layer below. */
let closeRaw: (home: RawHome) => void;

export class RawHome {
  readonly #raw: Device;
  #isClosed = false;

  static {
    rawOf = (home) => home.#raw;
    closeRaw = (home) => {
      home.#isClosed = true;
    };
  }

  constructor(raw: Device) {
    this.#raw = raw;
  }

  /** The layer below: buffers, streams and kernels. @throws Error where it is closed, as to answers of exercises. */
  get raw(): Device {
    if (this.#isClosed) throw new Error("device.raw is not for answers: they compute with tensors.");
    return this.#raw;
  }
}

export { closeRaw, rawOf };
