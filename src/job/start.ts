/** What the thread that starts a job and the threads of its ranks say to each other. */
import type { LineEnd } from "../platform/line.ts";
import type { KernelModule } from "../platform/platform.ts";
import type { Moved } from "../platform/threads.ts";
import type { Ending } from "../script/rank.ts";
import type { Span } from "../trace/trace.ts";
import type { FlightRecord } from "../world/core/recorder.ts";
import type { Report } from "../world/core/report.ts";
import type { ToMonitor } from "../world/health/road.ts";
import {
  type FromComm,
  type Member,
  noTraffic,
  type RankTraffic,
  type ShmControl,
  type StoreCall,
  type StoreReply,
} from "../world/index.ts";
import type { BlasReport } from "./blas-choice.ts";
import type { Output } from "./output.ts";
import type { RunSettings } from "./settings.ts";

/** What the ranks of a job run, however they are started. */
export interface ProgramStart {
  /** URL of the compiled program, and the name to call it in messages. */
  readonly url: string;
  readonly file: string;
  readonly options: Record<string, unknown>;
  readonly settings: RunSettings;
}

/** Handed to a thread of ranks, and to the communication stream of one, at its start. */
export interface RankStart extends ProgramStart {
  readonly transport: "local" | "shm" | "tcp";
  /** The thread's rank; a local job has one thread for all ranks. */
  readonly rank: number;
  readonly size: number;
  readonly memory: WebAssembly.Memory;
  /** Bytes the memory may grow to. */
  readonly limit: number;
  /** Bytes each rank may reserve. */
  readonly quota: number;
  readonly kernels: KernelModule;
  readonly control: ShmControl | undefined;
  /** Added to what programs see of the environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The BLAS to use, or why there is none. */
  readonly blas: BlasReport;
  /** Where the operations of this thread's ranks are recorded, one place after the other. */
  readonly records: SharedArrayBuffer;
  /** Counts bytes of output that are on their way. */
  readonly output: Int32Array;
  /** The far end of a shared-memory rank's line to the monitor of its job, for `Told`. */
  readonly line?: LineEnd;
  /** What a rank of a process of its own needs besides. */
  readonly tcp?: ProcessLink;
}

/** What a rank says to the monitor of its job, with the time on the clock of all threads. */
export interface Told {
  readonly said: ToMonitor;
  readonly time: number;
}

/** What a thread that is handed a start gets in place of a copy. */
export function movedBy({ tcp, line }: Pick<RankStart, "tcp" | "line">): Moved[] {
  return [tcp?.port, line].filter((moved) => moved !== undefined);
}

/** What joins a rank with the thread of its process that keeps its connections. */
export interface ProcessLink {
  /** A message port. */
  readonly port: object;
  readonly messageCount: Int32Array;
  /** Whether the ranks of this host outnumber its cores. */
  readonly crowded: boolean;
  readonly members: readonly Member[];
  readonly onlyTcp: boolean;
}

/** What a thread of ranks says. */
export type RankMessage =
  | Output
  | { readonly type: "store"; readonly id: number; readonly oldest: number; readonly call: StoreCall }
  /** What its ranks are doing, as it was asked. */
  | { readonly type: "doing"; readonly reports: readonly Report[]; readonly time: number }
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

/** What a thread of ranks is told. */
export type RankReply =
  | { readonly type: "stored"; readonly id: number; readonly reply: StoreReply }
  /** What are your ranks doing? */
  | { readonly type: "ask" }
  /** All ranks of the job have ended: the thread may, too. */
  | { readonly type: "over" };
