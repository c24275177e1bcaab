/**
 * The coordinator of a job across processes: lets its ranks find each other, keeps their
 * store, listens to their heartbeats, and when one fails gives all the same account of it.
 * It runs where the launcher runs, or beside rank 0.
 */
import type { Connection } from "../../platform/connection.ts";
import { diagnose, nameRanks, type Report } from "../diagnose.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { StoreSession } from "../store/remote-store.ts";
import type { Failure } from "../transport.ts";
import { heard, judge, type Statement } from "./judge.ts";
import type { FromCoordinator, Join, Outcome, ToCoordinator } from "./protocol.ts";

/** Milliseconds that a lost connection has to come back before its rank counts as dead. */
const GRACE = 1000;
/** How long a broken wire may be explained by something worse. */
const SECOND_THOUGHT = 1300;
/** How long the survivors of a failure have to say what they were doing. */
const PATIENCE = 500;

export interface CoordinatorOptions {
  readonly size: number;
  /** Milliseconds that a rank may be silent, and that ranks wait for the others to join. */
  readonly timeout: number;
  /** Milliseconds. */
  readonly now: () => number;
  readonly store?: MemoryStore;
  /** Something people should know. */
  readonly log?: (line: string) => void;
}

/** What the coordinator knows of a rank. */
interface Seat {
  readonly join: Join;
  readonly store: StoreSession;
  connection: Connection | undefined;
  lastHeard: number;
  lostAt: number;
  statement: Statement | undefined;
  answered: boolean;
}

export class Coordinator {
  readonly store: MemoryStore;
  /** Resolves when the job has ended. */
  readonly over: Promise<Outcome>;
  readonly #options: CoordinatorOptions;
  readonly #seats = new Map<number, Seat>();
  readonly #began: number;
  readonly #timer: ReturnType<typeof setInterval>;
  #end!: (outcome: Outcome) => void;
  #failing: { failure: Failure; since: number } | undefined;
  #outcome: Outcome | undefined;
  #suspicion: ReturnType<typeof setTimeout> | undefined;

  constructor(options: CoordinatorOptions) {
    this.#options = options;
    this.store = options.store ?? new MemoryStore();
    this.#began = options.now();
    this.over = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#timer = setInterval(() => this.#tick(), Math.min(100, options.timeout / 4));
  }

  /** Takes a connection that has proved to know the secret, and expects its rank to join. */
  attach(connection: Connection): void {
    let seat: Seat | undefined;
    connection.onMessage = (message) => {
      const said = message as ToCoordinator;
      if (seat)
        this.#heard(seat, said); // what throws here closes the connection
      else if (said?.type === "join") seat = this.#join(connection, said);
      else connection.close();
    };
    connection.onClose = () => {
      if (!seat || seat.connection !== connection) return;
      seat.connection = undefined;
      seat.lostAt = this.#options.now();
    };
  }

  /** Somebody who knows says that a rank's process is gone. */
  gone(rank: number, detail: string): void {
    const seat = this.#seats.get(rank);
    if (seat && isFinished(seat)) return; // it has done its part
    this.fail({ kind: "lost", by: rank, detail });
  }

  /** Ends the job; all ranks get the same account once they have said what they were doing. */
  fail(failure: Failure): void {
    if (this.#failing || this.#outcome) return;
    this.#failing = { failure, since: this.#options.now() };
    this.#tellAll({ type: "account" });
    this.#account();
  }

  /** Stops without a word: the process is going to end. */
  stop(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#suspicion);
    this.store.close();
    for (const { connection } of this.#seats.values()) connection?.close();
  }

  #join(connection: Connection, join: Join): Seat | undefined {
    const { size, now } = this.#options;
    const { rank, session } = join;
    const refuse = (reason: string): undefined => {
      this.#options.log?.(`${connection.name} was turned away: ${reason}`);
      connection.send({ type: "refused", reason } satisfies FromCoordinator);
      connection.close();
    };
    if (join.size !== size) return refuse(`it belongs to a world of ${join.size} ranks, but this one has ${size}.`);
    if (!Number.isInteger(rank) || rank < 0 || rank >= size)
      return refuse(`there is no rank ${rank} in a world of ${size}.`);
    const known = this.#seats.get(rank);
    if (known && known.join.session !== session) {
      return refuse(
        `rank ${rank} is already here, as process ${known.join.pid} of ${known.join.place.host.split("/")[0]}.`,
      );
    }
    const seat = known ?? {
      join,
      store: new StoreSession(this.store),
      connection,
      lastHeard: 0,
      lostAt: 0,
      statement: undefined,
      answered: false,
    };
    seat.connection = connection;
    seat.lastHeard = now();
    this.#seats.set(rank, seat);
    if (this.#outcome?.ok) this.#tell(seat, { type: "over" });
    else if (this.#outcome) this.#tell(seat, { type: "verdict", message: this.#outcome.message });
    else if (this.#failing) this.#tell(seat, { type: "account" });
    else if (this.#seats.size === size) {
      if (known) this.#tell(seat, this.#start());
      else this.#tellAll(this.#start());
    }
    return seat;
  }

  #start(): FromCoordinator {
    const seats = [...this.#seats.values()].sort((a, b) => a.join.rank - b.join.rank);
    const members = seats.map(({ join: { rank, pid, place } }) => ({ rank, pid, place }));
    return { type: "start", members, table: seats[0].join.table };
  }

  #heard(seat: Seat, said: ToCoordinator): void {
    const now = this.#options.now();
    const { rank } = seat.join;
    seat.lastHeard = now;
    switch (said.type) {
      case "beat":
        this.#tell(seat, { type: "beat" });
        return;
      case "store":
        void seat.store.reply(said.id, said.oldest, said.call).then((reply) => {
          this.#tell(seat, { type: "stored", id: said.id, reply });
        });
        return;
      case "status":
        seat.statement = heard(seat.statement, owned(said.report, rank), now);
        this.#judge();
        return;
      case "left":
        seat.statement = heard(seat.statement, owned(said.report, rank), now);
        this.#finishIfDone();
        return;
      case "fail":
        this.#answer(seat, owned(said.report, rank));
        this.fail({ ...said.failure, by: rank });
        return;
      case "answer":
        this.#answer(seat, owned(said.report, rank));
        return;
      case "broken":
        seat.statement = heard(seat.statement, owned(said.report, rank), now);
        this.#suspect({
          kind: "broken",
          by: rank,
          detail: `lost its connection to rank ${said.peer} (${said.detail})`,
        });
        return;
      case "unreachable":
        this.#suspect({ kind: "broken", by: rank, detail: `could not reach rank ${said.peer} (${said.detail})` });
        return;
      case "gone":
        this.gone(rank, said.detail);
    }
  }

  #answer(seat: Seat, report: Report): void {
    if (!isFinished(seat)) seat.statement = heard(seat.statement, report, this.#options.now());
    seat.answered = true;
    this.#account();
  }

  /** A wire broke. If its other side died, that is the better account, and comes by itself. */
  #suspect(failure: Failure): void {
    this.#suspicion ??= setTimeout(() => this.fail(failure), SECOND_THOUGHT);
  }

  #judge(): void {
    if (this.#failing || this.#outcome || this.#suspicion) return;
    const statements = [...this.#seats.values()].flatMap(({ statement }) => (statement ? [statement] : []));
    const failure = judge(statements, this.#options.size);
    if (failure) this.fail(failure);
  }

  #finishIfDone(): void {
    if (this.#failing || this.#outcome || this.#seats.size < this.#options.size) return;
    if (![...this.#seats.values()].every(isFinished)) return;
    this.#conclude({ ok: true, rank: -1, message: "" });
    this.#tellAll({ type: "over" });
  }

  /** When everybody who can has answered, or has had time to, the verdict follows. */
  #account(): void {
    const failing = this.#failing;
    if (!failing || this.#outcome) return;
    const { now } = this.#options;
    const silent = [...this.#seats.values()].filter((seat) => seat.connection && !seat.answered && !isFinished(seat));
    if (silent.length > 0 && now() - failing.since < PATIENCE) return;
    const { failure } = failing;
    const reports = [...this.#seats.values()].flatMap(({ statement }) => (statement ? [statement.report] : []));
    const alive = failure.kind === "lost" ? reports.filter(({ rank }) => rank !== failure.by) : reports;
    const message = diagnose(failure, alive);
    const own = failure.kind === "threw" || failure.kind === "lost" || failure.kind === "aborted";
    this.#conclude({ ok: false, rank: own ? failure.by : -1, kind: failure.kind, message });
    this.#tellAll({ type: "verdict", message });
  }

  #conclude(outcome: Outcome): void {
    this.#outcome = outcome;
    clearInterval(this.#timer);
    clearTimeout(this.#suspicion);
    this.#end(outcome);
  }

  #tick(): void {
    const { size, timeout, now } = this.#options;
    if (this.#failing) {
      this.#account();
      return;
    }
    if (this.#seats.size < size) {
      if (now() - this.#began < timeout) return;
      const missing = Array.from({ length: size }, (_, rank) => rank).filter((rank) => !this.#seats.has(rank));
      const detail = `${nameRanks(missing)} of ${size} did not join within ${timeout / 1e3} s.`;
      this.fail({ kind: "aborted", by: -1, detail });
      return;
    }
    for (const [rank, { connection, lastHeard, lostAt }] of this.#seats) {
      if (!connection && now() - lostAt > GRACE)
        this.gone(rank, "is gone: its process ended, or its connection was cut");
      else if (connection && now() - lastHeard > timeout) {
        this.gone(rank, `has been silent for ${timeout / 1e3} s: it is stopped, or its network is cut`);
      }
    }
  }

  #tellAll(message: FromCoordinator): void {
    for (const seat of this.#seats.values()) this.#tell(seat, message);
  }

  #tell(seat: Seat, message: FromCoordinator): void {
    seat.connection?.send(message);
  }
}

function isFinished({ statement }: Seat): boolean {
  return statement?.report.state === "finished";
}

/**
 * A report, which speaks for the rank whose connection brought it, whatever it says.
 * @throws TypeError for what is none.
 */
function owned(report: Report, rank: number): Report {
  const lists = [report?.pending, report?.recent];
  const whole = lists.every((list) => Array.isArray(list) && list.length < 1000 && list.every((item) => item !== null));
  const pending =
    whole && report.pending.every(({ blockedOn, text }) => Array.isArray(blockedOn) && typeof text === "string");
  if (!pending || typeof report.moves !== "number" || typeof report.error !== "string") {
    throw new TypeError(`rank ${rank} sent a report that is none`);
  }
  return { ...report, rank };
}
