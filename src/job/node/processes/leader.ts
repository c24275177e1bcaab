/** The launcher of the first host, or of the only one. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Connection } from "../../../platform/connection.ts";
import { SocketConnection } from "../../../platform/node/connection.ts";
import { Listener } from "../../../platform/node/listener.ts";
import { afterPatience } from "../../../platform/patience.ts";
import { Coordinator, type FromCoordinator, type Outcome, type ToCoordinator } from "../../../world/index.ts";
import { type Address, JoinError } from "./control-connection.ts";
import { JOB_SOCKET } from "./folder.ts";
import { Launcher, type LaunchOptions } from "./launcher.ts";

/** Where the ranks of this host call where sockets have no paths: a port that is free. */
const LOOPBACK = { host: "127.0.0.1", port: 0 };

/** Another host's launcher, as the first one knows it. */
interface Follower {
  readonly connection: Connection;
  readonly count: number;
}

/** The launcher of the first host: it keeps the coordinator. */
export class LeaderLauncher extends Launcher {
  protected readonly secret: string;
  readonly #listeners: Listener[] = [];
  readonly #followers = new Map<number, Follower>();
  #coordinator: Coordinator | undefined;
  #generation = 0;
  /** Another host's launcher is gone, and nobody starts its ranks again. */
  #incomplete = false;
  #gathered: () => void = () => {};
  #lost: (reason: string) => void = () => {};

  constructor(options: LaunchOptions, folder: string | undefined) {
    super(options, folder);
    this.secret = options.nodes?.secret ?? randomBytes(32).toString("hex");
  }

  async run(): Promise<Outcome | undefined> {
    const { nodes, size, timeout, maxRestarts = 0, log, silence, onSilence } = this.options;
    const path = this.folder && join(this.folder, JOB_SOCKET);
    const own = await this.#listen(path ? { path } : LOOPBACK);
    if (nodes) await this.#listen(nodes.rendezvous);
    const address = nodes?.rendezvous ?? own;
    if (nodes && !(await Promise.race([this.#gather(nodes.count - 1), this.stopped]))) return undefined;
    for (; ; this.#generation++) {
      if (path && !existsSync(path)) throw new JoinError(`The job's socket ${path} is gone: something has removed it.`);
      const order = [...this.#followers].sort(([a], [b]) => a - b).map(([, follower]) => follower);
      const total = order.reduce((sum, { count }) => sum + count, size);
      const now = (): number => performance.now();
      const coordinator = new Coordinator({ size: total, timeout, log, now, silence, onSilence });
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
      const again = !outcome.ok && !this.#incomplete && this.#generation < maxRestarts;
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

  /** @returns where it is to be found. */
  async #listen(address: Address): Promise<Address> {
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
      const port = await listener.listen(address);
      this.#listeners.push(listener);
      return "path" in address ? address : { ...address, port };
    } catch (error) {
      const where = "path" in address ? address.path : `${address.host}:${address.port}`;
      throw new JoinError(`Nothing can listen at ${where}: ${(error as Error).message}.`);
    }
  }

  /** A process of another host has exited. Of an earlier start of the job, that is no news. */
  #exited({ generation, rank, detail }: Extract<ToCoordinator, { type: "exited" }>): void {
    if (generation === this.#generation) this.#coordinator?.gone(rank, detail);
  }

  /** Waits for the other hosts' launchers. */
  async #gather(count: number): Promise<true> {
    const { timeout, nodes } = this.options;
    if (count === 0) return true;
    let callOff = (): void => {};
    const late = new Promise<never>((_, reject) => {
      callOff = afterPatience(timeout, () => {
        const missing = Array.from({ length: count }, (_, i) => i + 1).filter((node) => !this.#followers.has(node));
        reject(new JoinError(`nodes ${missing.join(", ")} of ${nodes?.count} did not join within ${timeout / 1e3} s.`));
      });
    });
    const all = new Promise<void>((resolve) => {
      this.#gathered = () => {
        if (this.#followers.size === count) resolve();
      };
    });
    await Promise.race([all, late]).finally(callOff);
    return true;
  }

  #admit(connection: Connection): void {
    let mine: number | undefined;
    const onMessage = (message: unknown): void => {
      const said = message as ToCoordinator;
      if (said.type === "beat") tell(connection, { type: "beat" });
      else if (said.type === "exited") this.#exited(said);
      else if (said.type === "node" && mine === undefined) mine = this.#seat(connection, said);
      else connection.close();
    };
    const onClose = (reason: string): void => {
      if (mine === undefined) return;
      this.#incomplete = true;
      this.#lost(`The launcher of node ${mine} is gone (${reason}).`);
    };
    connection.listen(onMessage, onClose);
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
