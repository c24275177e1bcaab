/**
 * Runs the ranks of a job in processes of their own on this host, and sees to their end:
 * no process, no socket file and no port outlives the job.
 */
import { type ChildProcess, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SocketConnection } from "../../../platform/node-connection.ts";
import { Listener } from "../../../platform/node-listener.ts";
import { Coordinator, type Outcome } from "../../../world/index.ts";
import type { Shown } from "../../show.ts";
import type { ProgramStart } from "../protocol.ts";
import type { ProcessMessage } from "../rank-process.ts";
import { workerFile } from "../worker-file.ts";
import type { HostEnd, HostOptions } from "./host.ts";
import { hostName } from "./hostname.ts";

/** After the verdict, or the end of the job, processes get so long to end by themselves. */
const GRACE = 2000;

export interface LaunchOptions {
  readonly size: number;
  readonly program: ProgramStart;
  readonly table: HostOptions["office"]["table"];
  /** Milliseconds that a rank may be silent. */
  readonly timeout: number;
  /** Bytes of device memory for all ranks together. */
  readonly memory?: number;
  readonly onlyTcp?: boolean;
  readonly onShown: (rank: number, shown: Shown) => void;
  readonly onEnded: (rank: number, end: HostEnd) => void;
  readonly log?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** @returns how the job ended; undefined if it was stopped by the signal. */
export async function launch(options: LaunchOptions): Promise<Outcome | undefined> {
  const folder = mkdtempSync(join(tmpdir(), `worldsize-${process.pid}-`));
  const launcher = new Launcher(options, folder);
  try {
    return await launcher.run();
  } finally {
    await launcher.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

class Launcher {
  readonly #options: LaunchOptions;
  readonly #folder: string;
  readonly #secret = randomBytes(32).toString("hex");
  readonly #coordinator: Coordinator;
  readonly #listener: Listener;
  readonly #children: ChildProcess[] = [];
  readonly #exits: Promise<void>[] = [];
  readonly #ended = new Set<number>();

  constructor(options: LaunchOptions, folder: string) {
    this.#options = options;
    this.#folder = folder;
    const { size, timeout, log } = options;
    this.#coordinator = new Coordinator({ size, timeout, log, now: () => performance.now() });
    this.#listener = new Listener({
      secret: this.#secret,
      generation: 0,
      onCall: (socket, { from }) => this.#coordinator.attach(new SocketConnection(socket, `rank ${from}`)),
    });
  }

  async run(): Promise<Outcome | undefined> {
    const path = join(this.#folder, "job.sock");
    await this.#listener.listen({ path });
    const stopped = new Promise<undefined>((resolve) => {
      const { signal } = this.#options;
      if (signal?.aborted) resolve(undefined);
      signal?.addEventListener("abort", () => resolve(undefined));
    });
    for (let rank = 0; rank < this.#options.size; rank++) this.#start(rank, path);
    const outcome = await Promise.race([this.#coordinator.over, stopped]);
    if (outcome?.kind === "lost") this.#children[outcome.rank]?.kill("SIGKILL"); // it may be stopped
    if (outcome) await this.#farewell();
    return outcome;
  }

  /** Ends what still runs. */
  async close(): Promise<void> {
    for (const child of this.#children) child.kill("SIGKILL");
    await Promise.all(this.#exits);
    this.#coordinator.stop();
    this.#listener.close();
  }

  #start(rank: number, path: string): void {
    const { size, program, table, timeout, memory, onlyTcp } = this.#options;
    const child = fork(workerFile("rank-process"), {
      env: { ...process.env, RANK: String(rank), LOCAL_RANK: String(rank), WORLD_SIZE: String(size) },
      serialization: "advanced",
      execArgv: [],
    });
    this.#children.push(child);
    child.on("message", (message: ProcessMessage) => this.#heard(rank, message));
    child.on("error", (error) => this.#coordinator.gone(rank, `could not be started: ${error.message}`));
    this.#exits.push(
      new Promise((resolve) => {
        child.on("exit", (code, signal) => {
          const how = signal ? `was killed by ${signal}` : `ended its process with exit code ${code}`;
          if (!this.#ended.has(rank)) this.#coordinator.gone(rank, how);
          resolve();
        });
      }),
    );
    const office = {
      rank,
      size,
      generation: 0,
      secret: this.#secret,
      coordinator: { path },
      timeout,
      host: hostName(),
      folder: this.#folder,
      onlyTcp,
      table,
    };
    const orders: HostOptions = {
      office,
      program,
      localRank: rank,
      restarts: 0,
      memory: memory && Math.floor(memory / size),
    };
    child.send(orders);
  }

  #heard(rank: number, message: ProcessMessage): void {
    switch (message.type) {
      case "shown":
        this.#options.onShown(rank, message.shown);
        return;
      case "joinFailed":
        this.#coordinator.gone(rank, `could not join: ${message.message}`);
        return;
      case "ended":
        this.#ended.add(rank);
        this.#options.onEnded(rank, message);
    }
  }

  /** Gives the processes time to end by themselves. */
  async #farewell(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, GRACE);
    });
    await Promise.race([Promise.all(this.#exits), late]);
    clearTimeout(timer);
  }
}
