/** What the thread that starts a job and the threads of its ranks say to each other. */
import type { KernelModule } from "../../platform/platform.ts";
import type { Span } from "../../trace/trace.ts";
import type { ShmControl, TuningTable } from "../../world/index.ts";
import type { FlightRecord } from "../../world/recorder.ts";
import type { Ending } from "../rank.ts";
import type { Shown } from "../show.ts";

/** Handed to a worker at its start. */
export interface WorkerStart {
  readonly transport: "local" | "shm";
  /** The worker's rank; a local job has one worker for all ranks. */
  readonly rank: number;
  readonly size: number;
  readonly memory: WebAssembly.Memory;
  /** Bytes the memory may grow to. */
  readonly limit: number;
  /** Bytes each rank may reserve. */
  readonly quota: number;
  readonly kernels: KernelModule;
  readonly control: ShmControl | undefined;
  readonly table: TuningTable | undefined;
  /** URL of the compiled program, and the name to call it in messages. */
  readonly url: string;
  readonly file: string;
  readonly options: Record<string, unknown>;
  readonly seed: number;
  /** Seeds the scheduler of a local job. */
  readonly interleaving: number | undefined;
  readonly traced: boolean;
}

/** What a worker says. */
export type WorkerMessage =
  | { readonly type: "shown"; readonly rank: number; readonly shown: Shown }
  | {
      readonly type: "ended";
      readonly ending: Ending;
      readonly spans: readonly Span[];
      readonly flight: readonly FlightRecord[];
    };
