/** What a thread of a job has of the machine that it runs on: Node and pages have one each, all else is alike. */
import type { Blas } from "../device/index.ts";
import type { SharedMemory } from "../platform/memory.ts";
import type { Platform } from "../platform/platform.ts";
import type { Spawn } from "../platform/threads.ts";
import type { Wire } from "../platform/wire.ts";
import type { IoThread, StoreReply } from "../world/index.ts";
import type { BlasChoice } from "./blas-choice.ts";
import type { ProcessLink } from "./start.ts";

export interface ThreadKit {
  readonly platform: Platform;
  readonly spawn: Spawn;
  /** Resolves when `count` threads can be started at once; where that is always so, it is missing. */
  prepare?(count: number): Promise<void>;
  /** Milliseconds on a clock that all threads share. */
  now(): number;
  /** Opens the native BLAS that whoever started the job has chosen. Where it is missing, there is none. */
  openBlas?(choice: BlasChoice, memory: SharedMemory): Blas;
  /** Finds out how to give the core to another thread; undefined where that cannot be done. */
  openYield?(): (() => void) | undefined;
  /** Opens a rank's line to the thread that keeps its connections. @param wrap may put something before a wire. */
  openIoThread?(
    link: ProcessLink,
    onStored: (id: number, reply: StoreReply) => void,
    wrap: (wire: Wire) => Wire,
  ): IoThread;
}
