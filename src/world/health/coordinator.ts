/**
 * The coordinator of a job across processes: lets its ranks find each other, keeps their
 * store, listens to their heartbeats, and carries what they and the job's monitor say to
 * each other. It runs where the launcher runs, or beside rank 0.
 */
import type { Connection } from "../../platform/connection.ts";
import { PatientClock } from "../../platform/patience.ts";
import { nameRanks } from "../core/report.ts";
import type { Failure } from "../core/transport.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { StoreSession } from "../store/remote-store.ts";
import { type JoinedRank, owned } from "./joined.ts";
import { Monitor } from "./monitor.ts";
import type { FromCoordinator, Join, Outcome, ToCoordinator } from "./protocol.ts";

/** Milliseconds that a lost connection has to come back before its rank counts as dead. */
const GRACE = 1000;

export interface CoordinatorOptions {
  readonly size: number;
  /** Milliseconds that a rank may be silent, and that ranks wait for the others to join. */
  readonly timeout: number;
  /** Milliseconds. */
  readonly now: () => number;
  readonly store?: MemoryStore;
  /** Milliseconds without any move after which `onSilence` says who waits for what; never if not given. */
  readonly silence?: number;
  readonly onSilence?: (text: string) => void;
  /** Something people should know. */
  readonly log?: (line: string) => void;
}

export class Coordinator {
  readonly store: MemoryStore;
  /** Resolves when the job has ended. */
  readonly over: Promise<Outcome>;
  readonly #options: CoordinatorOptions;
  readonly #joined = new Map<number, JoinedRank>();
  readonly #clock: PatientClock;
  readonly #monitor: Monitor;
  readonly #began: number;
  /** Calls of the store, and other news that came here. */
  #news = 0;
  readonly #timer: ReturnType<typeof setInterval>;
  #end!: (outcome: Outcome) => void;

  constructor(options: CoordinatorOptions) {
    const { size, timeout, now, silence, onSilence } = options;
    this.#options = options;
    this.store = options.store ?? new MemoryStore();
    const interval = Math.min(100, timeout / 4, (silence || Infinity) / 4);
    this.#clock = new PatientClock(now, interval);
    this.#began = this.#clock.now();
    this.#monitor = new Monitor({
      size,
      now: () => this.#clock.now(),
      tell: (rank, message) => this.#tell(rank, message),
      ask: (rank) => this.#tell(rank, { type: "ask" }),
      reaches: (rank) => this.#joined.get(rank)?.connection !== undefined,
      onOutcome: (outcome) => this.#conclude(outcome),
      moved: () => [...this.#joined.values()].reduce((sum, { moved }) => sum + moved, this.#news),
      storeBlocking: () => this.store.waiting > 0,
      session: (rank) => this.#joined.get(rank)?.store,
      silence,
      onSilence,
    });
    this.over = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#timer = setInterval(() => this.#tick(), interval);
  }

  /** Takes a connection that has proved to know the secret, and expects its rank to join. */
  attach(connection: Connection): void {
    let joined: JoinedRank | undefined;
    const onMessage = (message: unknown): void => {
      const said = message as ToCoordinator;
      if (joined)
        this.#heard(joined, said); // what throws here closes the connection
      else if (said?.type === "join") joined = this.#join(connection, said);
      else connection.close();
    };
    const onClose = (): void => {
      if (!joined || joined.connection !== connection) return;
      joined.connection = undefined;
      joined.lostAt = this.#clock.now();
    };
    connection.listen(onMessage, onClose);
  }

  /** Somebody who knows says that a rank's process is gone. */
  gone(rank: number, detail: string): void {
    if (rank >= 0 && rank < this.#options.size) this.#monitor.hear(rank, { type: "gone", detail });
  }

  /** Ends the job; all ranks get the same verdict once they have said what they were doing. */
  fail(failure: Failure): void {
    this.#monitor.fail(failure);
  }

  /** Stops without a word: the process is going to end. */
  stop(): void {
    clearInterval(this.#timer);
    this.#monitor.stop();
    this.store.close();
    for (const { connection } of this.#joined.values()) connection?.close();
  }

  #join(connection: Connection, join: Join): JoinedRank | undefined {
    const { size } = this.#options;
    const { rank, session } = join;
    const refuse = (reason: string): undefined => {
      this.#options.log?.(`${connection.name} was turned away: ${reason}`);
      connection.send({ type: "refused", reason } satisfies FromCoordinator);
      connection.close();
    };
    if (join.size !== size) return refuse(`it belongs to a world of ${join.size} ranks, but this one has ${size}.`);
    if (!Number.isInteger(rank) || rank < 0 || rank >= size)
      return refuse(`there is no rank ${rank} in a world of ${size}.`);
    const known = this.#joined.get(rank);
    if (known && known.join.session !== session) {
      return refuse(
        `rank ${rank} is already here, as process ${known.join.pid} of ${known.join.place.host.split("/")[0]}.`,
      );
    }
    const store = known?.store ?? new StoreSession(this.store);
    const joined: JoinedRank = known ?? { join, store, connection, lastHeard: 0, lostAt: 0, moved: 0 };
    this.#news++;
    joined.connection = connection;
    joined.lastHeard = this.#clock.now();
    this.#joined.set(rank, joined);
    const { outcome, failing } = this.#monitor;
    if (outcome) this.#tell(rank, outcome.ok ? { type: "over" } : { type: "verdict", message: outcome.message });
    else if (failing) this.#tell(rank, { type: "account" });
    else if (this.#joined.size === size) {
      const start = this.#start();
      for (const each of known ? [rank] : this.#joined.keys()) this.#tell(each, start);
    }
    return joined;
  }

  #start(): FromCoordinator {
    const seats = [...this.#joined.values()].sort((a, b) => a.join.rank - b.join.rank);
    const members = seats.map(({ join: { rank, pid, place } }) => ({ rank, pid, place }));
    return { type: "start", members, table: seats[0].join.table };
  }

  #heard(joined: JoinedRank, said: ToCoordinator): void {
    const { rank } = joined.join;
    joined.lastHeard = this.#clock.now();
    switch (said.type) {
      case "beat":
        if (typeof said.moved === "number") joined.moved = said.moved;
        this.#tell(rank, { type: "beat" });
        return;
      case "store":
        this.#news++;
        void joined.store.reply(said.id, said.oldest, said.call).then((reply) => {
          this.#tell(rank, { type: "stored", id: said.id, reply });
        });
        return;
      case "doing":
        joined.moved = said.moved;
        this.#monitor.hear(rank, said.report ? { ...said, report: owned(said.report, rank) } : said);
        return;
      case "left":
        this.#news++;
        this.#monitor.hear(rank, { ...said, report: owned(said.report, rank) });
        return;
      case "status":
      case "fail":
      case "answer":
      case "broken":
        this.#monitor.hear(rank, { ...said, report: owned(said.report, rank) });
        return;
      case "unreachable":
      case "gone":
        this.#monitor.hear(rank, said);
    }
  }

  #conclude(outcome: Outcome): void {
    clearInterval(this.#timer);
    if (outcome.ok) for (const rank of this.#joined.keys()) this.#tell(rank, { type: "over" });
    this.#end(outcome);
  }

  #tick(): void {
    const { size, timeout } = this.#options;
    const now = this.#clock.now();
    if (!this.#monitor.failing && this.#joined.size < size) {
      if (now - this.#began < timeout) return;
      const missing = Array.from({ length: size }, (_, rank) => rank).filter((rank) => !this.#joined.has(rank));
      const detail = `${nameRanks(missing)} of ${size} did not join within ${timeout / 1e3} s.`;
      this.fail({ kind: "aborted", by: -1, detail });
      return;
    }
    if (!this.#monitor.failing) this.#lookForLost(now);
    this.#monitor.tick();
  }

  #lookForLost(now: number): void {
    const { timeout } = this.#options;
    for (const [rank, { connection, lastHeard, lostAt }] of this.#joined) {
      if (!connection && now - lostAt > GRACE) this.gone(rank, "is gone: its process ended, or its connection was cut");
      else if (connection && now - lastHeard > timeout) {
        this.gone(rank, `has been silent for ${timeout / 1e3} s: it is stopped, or its network is cut`);
      }
    }
  }

  #tell(rank: number, message: FromCoordinator): void {
    this.#joined.get(rank)?.connection?.send(message);
  }
}
