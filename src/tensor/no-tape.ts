/** In place of a tape, on a device that has none: nothing is recorded, and asking for a gradient is an error. */
import type { Edge, HookHandle, Recorder } from "./recorder.ts";

function missing(): never {
  throw new Error("This device has no tape, so there are no gradients on it. Take the device that a script is handed.");
}

/** A device's tape that records nothing. */
export class NoTape implements Recorder<never> {
  readonly recording = false;
  readonly watched = false;

  pause(): boolean {
    return false;
  }

  resume(): void {}

  record(): void {}

  leaf(): Edge {
    return missing();
  }

  gradOf(): null {
    return missing();
  }

  setGrad(): void {
    missing();
  }

  isLeaf(): boolean {
    return missing();
  }

  backward(): void {
    missing();
  }

  hook(): HookHandle {
    return missing();
  }

  hookLeaf(): HookHandle {
    return missing();
  }
}
