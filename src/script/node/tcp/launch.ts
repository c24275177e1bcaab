/**
 * The launcher: runs the ranks of a job in processes of their own, on this host and with
 * launchers of other hosts, starts all of them again after a failure if asked to, and sees
 * to their end: no process, no socket file and no port outlives the job.
 */
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Connection } from "../../../platform/connection.ts";
import { SocketConnection } from "../../../platform/node-connection.ts";
import { Listener } from "../../../platform/node-listener.ts";
import { Coordinator, type FromCoordinator, type Outcome, type ToCoordinator } from "../../../world/index.ts";
import type { Shown } from "../../show.ts";
import type { ProgramStart } from "../protocol.ts";
import { privateFolder } from "./folder.ts";
import type { HostEnd, HostOptions } from "./host.ts";
import { hostName } from "./hostname.ts";
import { type Address, JoinError, Line } from "./line.ts";
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
  readonly table: HostOptions["office"]["table"];
  /** Milliseconds that a rank may be silent. */
  readonly timeout: number;
  /** Bytes of device memory for all ranks of this host together. */
  readonly memory?: number;
  readonly onlyTcp?: boolean;
  readonly nodes?: NodeOptions;
  /** How often all ranks are started again after a failure. */
  readonly maxRestarts?: number;
  readonly output?: (rank: number) => number;
  /** The job starts, or starts again: what was heard before no longer counts. */
  readonly onGeneration?: (generation: number) => void;
  readonly onShown: (rank: number, shown: Shown) => void;
  readonly onEnded: (rank: number, end: HostEnd) => void;
  readonly log?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** Another host's launcher, as the first one knows it. */
interface Follower {
  readonly connection: Connection;
  readonly count: number;
}

/**
 * @returns how the job ended; undefined if it was stopped by the signal.
 * @throws JoinError when the hosts do not find each other.
 */
export async function launch(options: LaunchOptions): Promise<Outcome | undefined> {
  const folder = privateFolder();
  const follows = (options.nodes?.rank ?? 0) > 0;
  const launcher = follows ? new FollowingLauncher(options, folder) : new LeadingLauncher(options, folder);
  try {
    return await launcher.run();
  } finally {
    await launcher.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the launchers of all hosts do alike: start their ranks and report on them. */
abstract class Launcher {
  protected readonly options: LaunchOptions;
  protected readonly folder: string;
  protected readonly stopped: Promise<undefined>;
  protected ranks: RankProcesses | undefined;
  protected abstract readonly secret: string;

  constructor(options: LaunchOptions, folder: string) {
    this.options = options;
    this.folder = folder;
    const { signal } = options;
    this.stopped = new Promise((resolve) => {
      if (signal?.aborted) resolve(undefined);
      signal?.addEventListener("abort", () => resolve(undefined));
    });
  }

  protected start(offset: number, size: number, generation: number, coordinator: Address): void {
    const { program, table, timeout, memory, onlyTcp, output, onShown, onEnded, onGeneration, ...rest } = this.options;
    const { secret, folder } = this;
    onGeneration?.(generation);
    const common = { size, generation, secret, coordinator, timeout, host: hostName(), folder, onlyTcp, table };
    this.ranks = new RankProcesses({
      count: rest.size,
      orders: (localRank) => ({
        office: { ...common, rank: offset + localRank },
        program,
        localRank,
        restarts: generation,
        memory: memory && Math.floor(memory / rest.size),
      }),
      output,
      onShown,
      onEnded,
      onGone: (rank, detail) => this.gone(rank, detail),
    });
  }

  protected abstract gone(rank: number, detail: string): void;
}

/** The launcher of the first host: it keeps the coordinator. */
class LeadingLauncher extends Launcher {
  protected readonly secret: string;
  readonly #listeners: Listener[] = [];
  readonly #followers = new Map<number, Follower>();
  #coordinator: Coordinator | undefined;
  #generation = 0;
  #gathered: () => void = () => {};
  #lost: (reason: string) => void = () => {};

  constructor(options: LaunchOptions, folder: string) {
    super(options, folder);
    this.secret = options.nodes?.secret ?? randomBytes(32).toString("hex");
  }

  async run(): Promise<Outcome | undefined> {
    const { nodes, size, timeout, maxRestarts = 0, log } = this.options;
    const path = join(this.folder, "job.sock");
    await this.#listen({ path });
    if (nodes) await this.#listen(nodes.rendezvous);
    const address = nodes?.rendezvous ?? { path };
    if (nodes && !(await Promise.race([this.#gather(nodes.count - 1), this.stopped]))) return undefined;
    for (; ; this.#generation++) {
      const order = [...this.#followers].sort(([a], [b]) => a - b).map(([, follower]) => follower);
      const total = order.reduce((sum, { count }) => sum + count, size);
      const now = (): number => performance.now();
      const coordinator = new Coordinator({ size: total, timeout, log, now });
      this.#coordinator = coordinator;
      this.#lost = (reason) => coordinator.fail({ kind: "aborted", by: -1, detail: reason });
      let offset = size;
      for (const { connection, count } of order) {
        tell(connection, { type: "nodes", offset, size: total, generation: this.#generation });
        offset += count;
      }
      this.start(0, total, this.#generation, address);
      const outcome = await Promise.race([coordinator.over, this.stopped]);
      if (!outcome) return undefined;
      const again = !outcome.ok && this.#generation < maxRestarts;
      for (const { connection } of order) tell(connection, { type: again ? "again" : "done", outcome });
      await this.ranks?.close(outcome.kind === "lost" ? outcome.rank : undefined);
      coordinator.stop();
      if (!again) return outcome;
      log?.(`Restart ${this.#generation + 1} of ${maxRestarts}, because ${outcome.message}`);
    }
  }

  async close(): Promise<void> {
    await this.ranks?.kill();
    this.#coordinator?.stop();
    for (const listener of this.#listeners) listener.close();
    for (const { connection } of this.#followers.values()) connection.close();
  }

  protected gone(rank: number, detail: string): void {
    this.#coordinator?.gone(rank, detail);
  }

  async #listen(address: Address): Promise<void> {
    const listener = new Listener({
      secret: this.secret,
      generation: () => this.#generation,
      onCall: (socket, { from, purpose }) => {
        const connection = new SocketConnection(socket, `${purpose === "node" ? "node" : "rank"} ${from}`);
        if (purpose === "node") this.#admit(connection);
        else if (this.#coordinator) this.#coordinator.attach(connection);
        else connection.close(); // it calls again
      },
      onRefused: refusals(this.options.log),
    });
    try {
      await listener.listen(address);
    } catch (error) {
      const where = "path" in address ? address.path : `${address.host}:${address.port}`;
      throw new JoinError(`Nothing can listen at ${where}: ${(error as Error).message}.`);
    }
    this.#listeners.push(listener);
  }

  /** Waits for the other hosts' launchers. */
  async #gather(count: number): Promise<true> {
    const { timeout, nodes } = this.options;
    if (count === 0) return true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const missing = Array.from({ length: count }, (_, i) => i + 1).filter((node) => !this.#followers.has(node));
        reject(new JoinError(`nodes ${missing.join(", ")} of ${nodes?.count} did not come within ${timeout / 1e3} s.`));
      }, timeout);
    });
    const all = new Promise<void>((resolve) => {
      this.#gathered = () => {
        if (this.#followers.size === count) resolve();
      };
    });
    await Promise.race([all, late]).finally(() => clearTimeout(timer));
    return true;
  }

  #admit(connection: Connection): void {
    let mine: number | undefined;
    connection.onMessage = (message) => {
      const said = message as ToCoordinator;
      if (said.type === "beat") tell(connection, { type: "beat" });
      else if (said.type === "exited") this.#coordinator?.gone(said.rank, said.detail);
      else if (said.type === "node" && mine === undefined) mine = this.#seat(connection, said);
      else connection.close();
    };
    connection.onClose = (reason) => {
      if (mine !== undefined) this.#lost(`The launcher of node ${mine} is gone (${reason}).`);
    };
  }

  #seat(connection: Connection, { node, count }: Extract<ToCoordinator, { type: "node" }>): number | undefined {
    const nodes = this.options.nodes?.count ?? 1;
    const refuse = (reason: string): undefined => {
      tell(connection, { type: "refused", reason });
      connection.close();
    };
    if (!(node > 0 && node < nodes)) return refuse(`there is no node ${node} among ${nodes}.`);
    if (this.#followers.has(node)) return refuse(`node ${node} is already here.`);
    this.#followers.set(node, { connection, count });
    this.#gathered();
    return node;
  }
}

/** The launcher of a further host: it starts ranks when the first one says so. */
class FollowingLauncher extends Launcher {
  protected readonly secret: string;
  #line: Line | undefined;

  constructor(options: LaunchOptions, folder: string) {
    super(options, folder);
    this.secret = options.nodes?.secret ?? "";
  }

  async run(): Promise<Outcome | undefined> {
    const { nodes, size, timeout } = this.options;
    if (!nodes) return undefined;
    let finish: (outcome: Outcome) => void = () => {};
    let fail: (error: Error) => void = () => {};
    const over = new Promise<Outcome>((resolve, reject) => {
      finish = resolve;
      fail = reject;
    });
    over.catch(() => {});
    const line = new Line({
      address: nodes.rendezvous,
      secret: this.secret,
      generation: 0,
      timeout,
      rank: nodes.rank,
      purpose: "node",
      hello: () => ({ type: "node", node: nodes.rank, count: size }),
      onMessage: (message) => void this.#heard(message, nodes, finish, fail),
      onLost: (reason) => finish({ ok: false, rank: -1, message: reason }),
    });
    this.#line = line;
    const opened = await Promise.race([line.open().then(() => true), this.stopped]);
    return opened ? Promise.race([over, this.stopped]) : undefined;
  }

  async close(): Promise<void> {
    this.#line?.close();
    await this.ranks?.kill();
  }

  protected gone(rank: number, detail: string): void {
    this.#line?.send({ type: "exited", rank, detail });
  }

  async #heard(
    message: FromCoordinator,
    { rendezvous, rank }: NodeOptions,
    finish: (outcome: Outcome) => void,
    fail: (error: Error) => void,
  ): Promise<void> {
    if (message.type === "refused") fail(new JoinError(`node ${rank} was turned away: ${message.reason}`));
    else if (message.type === "nodes") {
      await this.ranks?.close();
      this.start(message.offset, message.size, message.generation, rendezvous);
    } else if (message.type === "done") {
      await this.ranks?.close(message.outcome.kind === "lost" ? message.outcome.rank : undefined);
      finish(message.outcome);
    }
  }
}

function tell(connection: Connection, message: FromCoordinator): void {
  connection.send(message);
}

/** Logs callers that were turned away: the first of each kind, then every power of ten. */
export function refusals(log: ((line: string) => void) | undefined) {
  return (counts: Readonly<Record<string, number>>): void => {
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    if (!/^10*$/.test(String(total))) return;
    const kinds = Object.entries(counts).map(([kind, count]) => `${count} ${explanations[kind] ?? kind}`);
    log?.(`Callers turned away so far: ${kinds.join(", ")}.`);
  };
}

const explanations: Readonly<Record<string, string>> = {
  stranger: "spoke another protocol",
  secret: "did not know the secret",
  version: "run another version",
  generation: "belong to an earlier start of the job",
  slow: "took too long",
  closed: "hung up",
};
