/** The rank processes that one launcher has started on its host, in one generation of the job. */
import { type ChildProcess, fork } from "node:child_process";
import type { Shown } from "../../show.ts";
import type { ProcessMessage } from "../rank-process.ts";
import { workerFile } from "../worker-file.ts";
import type { HostEnd, HostOptions } from "./host.ts";

/** After the verdict, or the end of the job, processes get so long to end by themselves. */
const GRACE = 2000;

export interface RanksOptions {
  /** The orders of a rank by its number on this host. */
  orders(localRank: number): HostOptions;
  readonly count: number;
  /** Where to write what a process prints, or undefined to let it print. */
  output?(rank: number): number;
  onShown(rank: number, shown: Shown): void;
  onEnded(rank: number, end: HostEnd): void;
  /** What a process prints is lost from here on. */
  onUnprinted(rank: number, reason: string): void;
  /** A process is gone, or could not join, before its program's end was known. */
  onGone(rank: number, detail: string): void;
}

export class RankProcesses {
  readonly #options: RanksOptions;
  readonly #children = new Map<number, ChildProcess>();
  readonly #exits: Promise<void>[] = [];
  readonly #ended = new Set<number>();
  /** The generation is over: how its processes end is no news. */
  #closing = false;

  constructor(options: RanksOptions) {
    this.#options = options;
    const orders = Array.from({ length: options.count }, (_, local) => options.orders(local));
    const files = orders.map(({ office }) => options.output?.(office.rank)); // what throws here has started nothing
    orders.forEach((each, local) => void this.#start(each, files[local]));
  }

  /** Gives the processes time to end by themselves, then ends them. @param lost a rank whose process may be stopped. */
  async close(lost?: number): Promise<void> {
    this.#closing = true;
    if (lost !== undefined) this.#children.get(lost)?.kill("SIGKILL");
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, GRACE);
    });
    await Promise.race([Promise.all(this.#exits), late]);
    clearTimeout(timer);
    await this.kill();
  }

  /** Ends them at once. */
  async kill(): Promise<void> {
    this.#closing = true;
    for (const child of this.#children.values()) child.kill("SIGKILL");
    await Promise.all(this.#exits);
  }

  #start(orders: HostOptions, file: number | undefined): void {
    const { rank, size } = orders.office;
    const onGone = (detail: string): void => {
      if (!this.#closing) this.#options.onGone(rank, detail);
    };
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
      stdio: file === undefined ? "inherit" : ["ignore", file, file, "ipc"],
    });
    this.#children.set(rank, child);
    child.on("message", (message: ProcessMessage) => this.#heard(rank, message));
    const exit = new Promise<void>((resolve) => {
      child.on("exit", (code, signal) => {
        const how = signal ? `was killed by ${signal}` : `ended its process with exit code ${code}`;
        if (!this.#ended.has(rank)) onGone(how);
        resolve();
      });
      child.on("error", (error) => {
        onGone(`could not be started: ${error.message}`);
        if (child.pid === undefined) resolve();
      });
    });
    this.#exits.push(exit);
    child.send(orders, () => {}); // a process that is gone already tells by its exit
  }

  #heard(rank: number, message: ProcessMessage): void {
    const { onShown, onEnded, onGone, onUnprinted } = this.#options;
    if (message.type === "shown") onShown(rank, message.shown);
    else if (message.type === "unprinted") onUnprinted(rank, message.reason);
    else if (message.type === "joinFailed") {
      this.#ended.add(rank);
      onGone(rank, `could not join: ${message.message}`);
    } else if (message.type === "ended") {
      this.#ended.add(rank);
      onEnded(rank, message);
    }
  }
}
