/** What the launchers of all hosts of a job do alike: start their ranks and report on them. */

import { hostName } from "../../../platform/node/hostname.ts";
import { hasDescriptors } from "../../../platform/node/sockets.ts";
import type { System } from "../../../platform/node/system.ts";
import type { Outcome } from "../../../world/index.ts";
import type { Output } from "../../output.ts";
import type { ProgramStart } from "../../start.ts";
import type { Address } from "./control-connection.ts";
import type { HostEnd, HostOptions } from "./host.ts";
import { RankProcesses } from "./ranks.ts";

/** Which of the job's hosts this is. */
export interface NodeOptions {
  readonly count: number;
  readonly rank: number;
  readonly rendezvous: { readonly host: string; readonly port: number };
  readonly secret: string;
}

export interface LaunchOptions {
  /** Ranks on this host. */
  readonly size: number;
  readonly program: ProgramStart;
  readonly table: HostOptions["io"]["table"];
  /** Milliseconds that a rank may be silent. */
  readonly timeout: number;
  /** Bytes of device memory for all ranks of this host together. */
  readonly memory?: number;
  readonly onlyTcp?: boolean;
  /** This one if not given. */
  readonly system?: System;
  readonly nodes?: NodeOptions;
  /** How often all ranks are started again after a failure. */
  readonly maxRestarts?: number;
  readonly output?: (rank: number) => number;
  /** The job starts, or starts again: what was heard before no longer counts. */
  readonly onGeneration?: (generation: number) => void;
  readonly onOutput: (rank: number, output: Output) => void;
  /** Whether what was handed on has been taken; undefined if so. */
  readonly taken?: () => Promise<unknown> | undefined;
  readonly onEnded: (rank: number, end: HostEnd) => void;
  /** A rank's process is gone, and has not reported how its program ended. */
  readonly onGone?: (rank: number, detail: string, exitCode: number) => void;
  readonly log?: (line: string) => void;
  /** Milliseconds without any move in the whole job after which `onSilence` says who waits for what; 0 for never. */
  readonly silence?: number;
  readonly onSilence?: (text: string) => void;
  readonly signal?: AbortSignal;
}

/** What the launchers of all hosts do alike: start their ranks and report on them. */
export abstract class Launcher {
  /** @returns how the job ended; undefined if it was stopped by the signal. */
  abstract run(): Promise<Outcome | undefined>;
  abstract close(): Promise<void>;

  protected readonly options: LaunchOptions;
  /** For sockets; undefined where they have no paths. */
  protected readonly folder: string | undefined;
  protected readonly stopped: Promise<undefined>;
  protected ranks: RankProcesses | undefined;
  protected abstract readonly secret: string;
  #unprinted = false;

  constructor(options: LaunchOptions, folder: string | undefined) {
    this.options = options;
    this.folder = folder;
    const { signal } = options;
    this.stopped = new Promise((resolve) => {
      if (signal?.aborted) resolve(undefined);
      signal?.addEventListener("abort", () => resolve(undefined));
    });
  }

  protected start(offset: number, size: number, generation: number, coordinator: Address): void {
    const { program, table, timeout, memory, onlyTcp, system, onGeneration, onGone, ...rest } = this.options;
    const { output, onOutput, taken, onEnded } = rest;
    const { secret, folder } = this;
    onGeneration?.(generation);
    const sockets = { host: hostName(system), folder, onlyTcp, relayed: !hasDescriptors(system) };
    const common = { size, generation, secret, coordinator, timeout, ...sockets, table };
    this.ranks = new RankProcesses({
      count: rest.size,
      orders: (localRank) => ({
        io: { ...common, rank: offset + localRank },
        program,
        localRank,
        restarts: generation,
        memory: memory && Math.floor(memory / rest.size),
      }),
      output,
      onOutput,
      taken,
      onEnded,
      onUnprinted: (rank, reason) => this.#lost(rank, reason),
      onGone: (rank, detail, exitCode) => {
        onGone?.(rank, detail, exitCode);
        this.gone(rank, detail);
      },
    });
  }

  /** What a rank prints cannot be written: said once for all ranks, whose files are probably on one disk. */
  #lost(rank: number, reason: string): void {
    if (!this.#unprinted) this.options.log?.(`What rank ${rank} prints is lost from here on: ${reason}.`);
    this.#unprinted = true;
  }

  protected abstract gone(rank: number, detail: string): void;
}
