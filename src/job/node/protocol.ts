/** What the thread that starts a job and the threads of its ranks say to each other. */
import type { MessagePort } from "node:worker_threads";
import type { KernelModule } from "../../platform/platform.ts";
import type { Span } from "../../trace/trace.ts";
import {
  type FromComm,
  type LinkSpeeds,
  type Member,
  noTraffic,
  type RankTraffic,
  type ShmControl,
  type StoreCall,
  type StoreReply,
  type TuningTable,
} from "../../world/index.ts";
import type { FlightRecord } from "../../world/core/recorder.ts";
import type { Report } from "../../world/core/report.ts";
import type { StreamMode } from "../../script/define.ts";
import type { Ending } from "../../script/rank.ts";
import type { BlasReport } from "./blas/format.ts";
import type { Output } from "./output.ts";

/** What the ranks of a job run, however they are started. */
export interface ProgramStart {
  /** URL of the compiled program, and the name to call it in messages. */
  readonly url: string;
  readonly file: string;
  readonly options: Record<string, unknown>;
  readonly seed: number;
  /** Seeds the scheduler of a local job; over tcp, cuts and delays what comes over wires. */
  readonly interleaving: number | undefined;
  readonly traced: boolean;
  /** Whether operations and messages are recorded. */
  readonly recorded: boolean;
  readonly link: LinkSpeeds | undefined;
  /** Sends of at most so many bytes complete at once. */
  readonly eager: number;
  /** Whether streams run in the program's thread or in threads of their own. */
  readonly streams: StreamMode;
  /** Threads that help each rank's streams with large kernels. */
  readonly helpers: number;
  /** Milliseconds that a program may wait for anything without any progress; as long as it takes if not given. */
  readonly timeout: number | undefined;
}

/** Handed to a worker at its start. */
export interface WorkerStart extends ProgramStart {
  readonly transport: "local" | "shm" | "tcp";
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
  /** Added to what programs see of the environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The BLAS to use, or why there is none. */
  readonly blas: BlasReport;
  /** Where the operations of this worker's ranks are recorded, one place after the other. */
  readonly records: SharedArrayBuffer;
  /** Counts bytes of output that are on their way. */
  readonly output: Int32Array;
  /** What a rank of a process of its own needs besides. */
  readonly tcp?: {
    readonly port: MessagePort;
    readonly letters: Int32Array;
    readonly crowded: boolean;
    readonly members: readonly Member[];
    readonly onlyTcp: boolean;
  };
}

/** What a worker says. */
export type WorkerMessage =
  | Output
  | { readonly type: "store"; readonly id: number; readonly oldest: number; readonly call: StoreCall }
  /** What its ranks are doing, as it was asked. */
  | { readonly type: "doing"; readonly reports: readonly Report[] }
  | {
      readonly type: "ended";
      readonly ending: Ending;
      /** `process.exitCode` at that moment. */
      readonly exitCode: number;
      readonly records: RankRecords;
    };

/** What a rank's communication stream says. */
export type CommMessage =
  | FromComm
  | { readonly type: "stored"; readonly id: number; readonly reply: StoreReply }
  | { readonly type: "recorded"; readonly spans: readonly Span[]; readonly traffic: RankTraffic };

/** What a rank recorded. */
export interface RankRecords {
  /** If traced. */
  readonly spans: readonly Span[];
  /** The flight recorder, if the rank failed. */
  readonly flight: readonly FlightRecord[];
  /** Operations and messages, if recorded. */
  readonly traffic: RankTraffic;
}

/** Of a rank that is gone without a word. */
export const noRecords: RankRecords = { spans: [], flight: [], traffic: noTraffic };

/** What a worker is told. */
export type WorkerReply =
  | { readonly type: "stored"; readonly id: number; readonly reply: StoreReply }
  /** What are your ranks doing? */
  | { readonly type: "ask" }
  /** All ranks of the job have ended: the thread may, too. */
  | { readonly type: "over" };
