/**
 * Runs a program on the ranks of a job and sees to its end: what the ranks show and print is
 * handed on as it comes, the first failure is kept, and no thread and no process outlives the job.
 */
import { MAX_MEMORY } from "../../platform/memory.ts";
import type { System } from "../../platform/node/system.ts";
import { unknownWord } from "../../platform/words.ts";
import { checkStreams, type StreamMode } from "../../script/define.ts";
import { defaultTable, Tuner } from "../../world/index.ts";
import { Endings, type JobResult } from "../job-result.ts";
import type { OutputOptions } from "../output.ts";
import { runThreads } from "../run-threads.ts";
import { type RunSettings, settingsOf } from "../settings.ts";
import type { ProgramStart } from "../start.ts";
import { openedBlas } from "./blas/choice.ts";
import type { Program } from "./compile.ts";
import { nodeKit } from "./node-kit.ts";
import { handOn } from "./output.ts";
import { launch, type NodeOptions } from "./processes/launch.ts";

export type { JobFailure, JobResult } from "../job-result.ts";

export const transports = ["shm", "local", "tcp"] as const;
export type TransportName = (typeof transports)[number];

/** Most ranks of a job, by transport. */
export const MAX_RANKS: Readonly<Record<TransportName, number>> = { shm: 128, local: 4096, tcp: 128 };

export interface JobOptions extends OutputOptions, Partial<RunSettings> {
  readonly program: Program;
  readonly ranks: number;
  readonly transport?: TransportName;
  /** Of the program. */
  readonly options?: Record<string, unknown>;
  /** Bytes of device memory for all ranks together. */
  readonly memory?: number;
  readonly onSilence?: (text: string) => void;
  /** What only processes need. */
  readonly processes?: ProcessOptions;
  /** Ends the job. */
  readonly signal?: AbortSignal;
}

export interface ProcessOptions {
  /** Milliseconds that a rank may be silent. */
  readonly timeout?: number;
  /** Whether ranks of one host talk over TCP instead of Unix sockets. */
  readonly onlyTcp?: boolean;
  /** What the ranks' processes and sockets are started on: this system if not given. */
  readonly system?: System;
  readonly nodes?: NodeOptions;
  /** How often all ranks are started again after a failure. */
  readonly maxRestarts?: number;
  /** The descriptor of the file where a process writes what it prints. */
  readonly output?: (rank: number) => number;
  readonly log?: (line: string) => void;
}

/** Milliseconds that a process may be silent if nothing else is said. */
export const DEFAULT_TIMEOUT = 30_000;

/** @throws RangeError for a world size or memory that cannot be; a failing program gives a result instead. */
export async function runJob(job: JobOptions): Promise<JobResult> {
  const { ranks: size, transport = "shm" } = job;
  const streams = job.streams ?? ((process.env.WORLDSIZE_STREAMS || undefined) as StreamMode | undefined);
  const settings = settingsOf({ ...job, streams });
  checkWords(settings, transport);
  if (!Number.isInteger(size) || size < 1 || size > MAX_RANKS[transport]) {
    throw new RangeError(`A ${transport} world has 1 to ${MAX_RANKS[transport]} ranks, but ${size} were asked for.`);
  }
  const program: ProgramStart = {
    url: job.program.url,
    file: job.program.file,
    options: job.options ?? {},
    settings,
  };
  if (transport === "tcp") return runProcesses(job, program);
  return runThreads(nodeKit, {
    program,
    size,
    transport,
    memory: job.memory ?? MAX_MEMORY,
    blas: await openedBlas(),
    output: { handOn: (output) => handOn(output, job), taken: job.taken },
    onSilence: job.onSilence,
    signal: job.signal,
  });
}

/** @throws TypeError for a transport, streams or algorithms that do not exist. */
function checkWords({ table, streams }: RunSettings, transport: string): void {
  if (!(transports as readonly string[]).includes(transport)) {
    throw new TypeError(`There is no ${unknownWord("transport", transport, transports)}`);
  }
  checkStreams(streams);
  new Tuner(table);
}

/** Runs each rank in a process of its own. */
async function runProcesses(job: JobOptions, program: ProgramStart): Promise<JobResult> {
  const { ranks: size, memory, processes, signal, taken } = job;
  const { table = defaultTable, silence } = program.settings;
  const endings = new Endings(size);
  const outcome = await launch({
    ...processes,
    size,
    timeout: processes?.timeout ?? DEFAULT_TIMEOUT,
    program,
    table,
    memory,
    signal,
    silence,
    onSilence: job.onSilence,
    onOutput: (_, output) => handOn(output, job),
    taken,
    onGeneration: () => endings.clear(),
    onEnded: (_, end) => endings.add(end),
    onGone: (rank, detail, exitCode) => endings.gone(rank, detail, exitCode),
  });
  return endings.result(outcome === undefined, outcome);
}
