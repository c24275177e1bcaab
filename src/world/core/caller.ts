/** The program whose operations an engine carries out: in the engine's thread, or in another. */
import type { Completion, Device } from "../../device/index.ts";
import { captureSite, type Site } from "../../trace/site.ts";
import type { Work } from "./work.ts";

export interface Caller {
  /** Whether it is in another thread, relies on all operations making progress, and gives places in its memory for tensors. */
  readonly elsewhere: boolean;
  /** Whether it waits for one of its streams. */
  readonly streamsBlocking: boolean;
  /** What a kernel of the program failed with, behind which nothing was computed. */
  readonly kernelFailure: string | undefined;
  /** What the operation that is being issued has to wait for. */
  fence(): Completion;
  /** The program's line of that operation. */
  site(): Site;
  /** An operation is over. */
  ended?(work: Work<unknown>): void;
  /** The job has failed. */
  failed?(message: string): void;
}

/** A program in the engine's own thread. */
export class CallerHere implements Caller {
  readonly elsewhere = false;
  readonly #device: Device;

  constructor(device: Device) {
    this.#device = device;
  }

  get streamsBlocking(): boolean {
    return this.#device.blocking;
  }

  get kernelFailure(): string | undefined {
    return this.#device.streams.find(({ failure }) => failure)?.failure?.message;
  }

  fence(): Completion {
    return this.#device.stream.record();
  }

  site(): Site {
    return captureSite();
  }
}
