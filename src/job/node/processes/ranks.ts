/** The rank processes that one launcher has started on its host, in one generation of the job. */
import { type ChildProcess, fork } from "node:child_process";
import { endOf } from "../../../platform/node/signals.ts";
import { Silence } from "../../../platform/patience.ts";
import { FAILED } from "../../job-result.ts";
import { type Output, type PrintStream, Receipts } from "../../output.ts";
import type { ProcessMessage, ProcessReply } from "../rank-process.ts";
import { workerFile } from "../worker-file.ts";
import type { HostEnd, HostOptions } from "./host.ts";

/** Milliseconds: a process that should end, is listened to and says nothing for so long is ended. */
const PATIENCE = 2000;
/** The same of one that is probably stopped. */
const STOPPED = 300;
/** Milliseconds that what a process has said may take to come once the process is gone. */
const LATE = 500;
/** Milliseconds between two looks. */
const LOOK = 50;

export interface RanksOptions {
  /** The orders of a rank by its number on this host. */
  orders(localRank: number): HostOptions;
  readonly count: number;
  /** Where to write what a process prints by itself, or undefined for where the rest of its output goes. */
  output?(rank: number): number;
  onOutput(rank: number, output: Output): void;
  readonly taken?: () => Promise<unknown> | undefined;
  onEnded(rank: number, end: HostEnd): void;
  /** What a process prints is lost from here on. */
  onUnprinted(rank: number, reason: string): void;
  /** A process is gone, or could not join, before its program's end was known. */
  onGone(rank: number, detail: string, exitCode: number): void;
}

/** The process of one rank. Its end is believed when all that it said has come. */
class RankProcess {
  readonly closed: Promise<void>;
  readonly rank: number;
  readonly #options: RanksOptions;
  readonly #child: ChildProcess;
  readonly #receipts: Receipts;
  #close!: () => void;
  #ended = false;
  #gone = false;
  #how = { detail: "is gone", exitCode: FAILED };
  /** We have ended it: how it ended says nothing. */
  #killed = false;
  readonly #silence = new Silence();

  constructor(options: RanksOptions, orders: HostOptions, file: number | undefined) {
    const { rank, size } = orders.io;
    this.rank = rank;
    this.#options = options;
    this.closed = new Promise((resolve) => {
      this.#close = resolve;
    });
    const child = fork(workerFile("rank-process"), {
      env: {
        ...process.env,
        RANK: String(rank),
        LOCAL_RANK: String(orders.localRank),
        WORLD_SIZE: String(size),
        WORLDSIZE_SECRET: "", // the orders carry it; programs have no use for it
      },
      serialization: "advanced",
      execArgv: [],
      stdio: file === undefined ? ["inherit", "pipe", "pipe", "ipc"] : ["ignore", file, file, "ipc"],
    });
    this.#child = child;
    this.#receipts = new Receipts((bytes) => this.#tell({ type: "taken", bytes }), options.taken);
    this.#forward("stdout");
    this.#forward("stderr");
    child.on("message", (message: ProcessMessage) => this.#take(message));
    child.on("exit", (code, signal) => {
      const end = endOf(code, signal);
      this.#how = this.#killed && signal ? { ...end, exitCode: FAILED } : end;
      void this.#drain();
    });
    child.on("close", () => this.#over());
    child.on("error", (error) => {
      if (child.pid !== undefined) return; // a message that came too late, or a signal
      this.#how = { detail: `could not be started: ${error.message}`, exitCode: FAILED };
      this.#over();
    });
    this.#tell({ type: "orders", options: orders });
  }

  /** Whether it has said nothing for `patience` milliseconds in which it could. */
  isSilent(patience: number): boolean {
    return this.#silence.look() > patience && !this.#receipts.waiting;
  }

  /** From now on, silence counts. */
  listen(): void {
    this.#silence.heard();
  }

  kill(): void {
    this.#killed = true;
    this.#child.kill("SIGKILL");
  }

  #tell(reply: ProcessReply): void {
    this.#child.send(reply, () => {}); // a process that is gone already tells by its exit
  }

  #take(message: ProcessMessage): void {
    const { onOutput, onEnded, onGone, onUnprinted } = this.#options;
    this.#silence.heard();
    if (message.type === "output") {
      for (const item of message.items) onOutput(this.rank, item);
      this.#receipts.handedOn(message.items.reduce((sum, { cost }) => sum + cost, 0));
    } else if (message.type === "unprinted") onUnprinted(this.rank, message.reason);
    else {
      this.#ended = true;
      if (message.type === "ended") onEnded(this.rank, message);
      else onGone(this.rank, `could not join: ${message.message}`, FAILED);
    }
  }

  /** What the process itself prints, or what it starts: the engine's last words, say. */
  #forward(stream: PrintStream): void {
    this.#child[stream]?.on("data", (text: Uint8Array) => {
      this.#silence.heard();
      this.#options.onOutput(this.rank, { type: "printed", rank: this.rank, stream, text, cost: 0 });
    });
  }

  /** The process is gone. What it had said comes, unless a process that it started holds its end open. */
  async #drain(): Promise<void> {
    this.#silence.heard();
    while (!this.#gone && this.#silence.look() < LATE) {
      await Promise.race([this.closed, new Promise((resolve) => setTimeout(resolve, LOOK))]);
    }
    this.#over();
  }

  #over(): void {
    if (this.#gone) return;
    this.#gone = true;
    if (!this.#ended) this.#options.onGone(this.rank, this.#how.detail, this.#how.exitCode);
    this.#close();
  }
}

export class RankProcesses {
  readonly #processes: RankProcess[];
  #open: number;

  constructor(options: RanksOptions) {
    const orders = Array.from({ length: options.count }, (_, local) => options.orders(local));
    const files = orders.map(({ io }) => options.output?.(io.rank)); // what throws here has started nothing
    this.#processes = orders.map((each, local) => new RankProcess(options, each, files[local]));
    this.#open = options.count;
    for (const { closed } of this.#processes) void closed.then(() => this.#open--);
  }

  /**
   * Lets the processes end by themselves, for as long as they have something to say.
   * @param lost a rank whose process may be stopped, or may be about to tell of its end.
   */
  async close(lost?: number): Promise<void> {
    for (const each of this.#processes) each.listen();
    const all = this.#all();
    while (this.#open > 0) {
      await Promise.race([all, new Promise((resolve) => setTimeout(resolve, LOOK))]);
      for (const each of this.#processes) {
        if (each.isSilent(each.rank === lost ? STOPPED : PATIENCE)) each.kill();
      }
    }
  }

  /** Ends them at once. */
  async kill(): Promise<void> {
    for (const each of this.#processes) each.kill();
    await this.#all();
  }

  async #all(): Promise<void> {
    await Promise.all(this.#processes.map(({ closed }) => closed));
  }
}
