/**
 * The coordinator of a job across processes: lets its ranks find each other, keeps their
 * store, listens to their heartbeats, and when one fails gives all the same account of it.
 * It runs where the launcher runs, or beside rank 0.
 */
import type { Connection } from "../../platform/connection.ts";
import { afterPatience, PatientClock } from "../../platform/patience.ts";
import type { Failure } from "../core/transport.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { StoreSession } from "../store/remote-store.ts";
import { diagnose, nameRanks, type Report } from "./diagnose.ts";
import { heard, judge } from "./judge.ts";
import type { FromCoordinator, Join, Outcome, ToCoordinator } from "./protocol.ts";
import { confirmed, isFinished, newSeat, owned, type Seat } from "./seat.ts";
import { Stillness } from "./stillness.ts";
import { computes, silenceOf } from "./waiting.ts";

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
  readonly #seats = new Map<number, Seat>();
  readonly #clock: PatientClock;
  readonly #stillness: Stillness;
  readonly #began: number;
  /** Calls of the store, and other news that came here. */
  #news = 0;
  readonly #timer: ReturnType<typeof setInterval>;
  #end!: (outcome: Outcome) => void;
  #failing: { failure: Failure; since: number } | undefined;
  #outcome: Outcome | undefined;
  #dismiss: (() => void) | undefined;

  constructor(options: CoordinatorOptions) {
    this.#options = options;
    this.store = options.store ?? new MemoryStore();
    const interval = Math.min(100, options.timeout / 4, (options.silence || Infinity) / 4);
    this.#clock = new PatientClock(options.now, interval);
    this.#began = this.#clock.now();
    this.#stillness = new Stillness({
      now: () => this.#clock.now(),
      silence: options.onSilence ? (options.silence ?? 0) : 0,
      moved: () => [...this.#seats.values()].reduce((sum, { moved }) => sum + moved, this.#news),
      storeAwaited: () => this.store.waiting > 0,
      ask: () => this.#ask(),
      judge: () => this.#judge(),
      say: () => this.#say(),
    });
    this.over = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#timer = setInterval(() => this.#tick(), interval);
  }

  /** Takes a connection that has proved to know the secret, and expects its rank to join. */
  attach(connection: Connection): void {
    let seat: Seat | undefined;
    const onMessage = (message: unknown): void => {
      const said = message as ToCoordinator;
      if (seat)
        this.#heard(seat, said); // what throws here closes the connection
      else if (said?.type === "join") seat = this.#join(connection, said);
      else connection.close();
    };
    const onClose = (): void => {
      if (!seat || seat.connection !== connection) return;
      seat.connection = undefined;
      seat.lostAt = this.#clock.now();
    };
    connection.listen(onMessage, onClose);
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
    this.#failing = { failure, since: this.#clock.now() };
    this.#tellAll({ type: "account" });
    this.#account();
  }

  /** Stops without a word: the process is going to end. */
  stop(): void {
    clearInterval(this.#timer);
    this.#dismiss?.();
    this.store.close();
    for (const { connection } of this.#seats.values()) connection?.close();
  }

  #join(connection: Connection, join: Join): Seat | undefined {
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
    const known = this.#seats.get(rank);
    if (known && known.join.session !== session) {
      return refuse(
        `rank ${rank} is already here, as process ${known.join.pid} of ${known.join.place.host.split("/")[0]}.`,
      );
    }
    const seat = known ?? newSeat(join, new StoreSession(this.store));
    this.#news++;
    seat.connection = connection;
    seat.lastHeard = this.#clock.now();
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
    const now = this.#clock.now();
    const { rank } = seat.join;
    seat.lastHeard = now;
    switch (said.type) {
      case "beat":
        if (typeof said.moved === "number") seat.moved = said.moved;
        this.#tell(seat, { type: "beat" });
        return;
      case "doing":
        seat.moved = said.moved;
        seat.seen = said.report ? undefined : said.seen;
        if (said.report && !isFinished(seat)) seat.statement = heard(seat.statement, owned(said.report, rank), now);
        seat.asked = false;
        if (![...this.#seats.values()].some(({ asked }) => asked)) this.#stillness.answered();
        return;
      case "store":
        this.#news++;
        void seat.store.reply(said.id, said.oldest, said.call).then((reply) => {
          this.#tell(seat, { type: "stored", id: said.id, reply });
        });
        return;
      case "status":
        seat.statement = heard(seat.statement, owned(said.report, rank), now);
        this.#judge();
        return;
      case "left":
        this.#news++;
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
    if (!isFinished(seat)) seat.statement = heard(seat.statement, report, this.#clock.now());
    seat.answered = true;
    this.#account();
  }

  /** A wire broke. If its other side died, that is the better account, and comes by itself. */
  #suspect(failure: Failure): void {
    this.#dismiss ??= afterPatience(SECOND_THOUGHT, () => this.fail(failure));
  }

  /** Nothing moves: what does everybody do? */
  #ask(): void {
    for (const seat of this.#seats.values()) {
      seat.asked = seat.connection !== undefined && !isFinished(seat);
      if (seat.asked) this.#tell(seat, { type: "ask" });
    }
  }

  #say(): void {
    if (this.#failing || this.#outcome) return;
    const { silence = 0, size, onSilence } = this.#options;
    const reports = [...this.#seats.values()].flatMap(({ statement, seen }) =>
      statement && !seen ? [statement.report] : [],
    );
    onSilence?.(silenceOf(silence, reports, size, (rank) => computes(this.#seats.get(rank)?.seen, reports)));
  }

  #judge(): void {
    if (this.#failing || this.#outcome || this.#dismiss) return;
    const statements = [...this.#seats.values()].flatMap(({ statement, store }) =>
      statement ? [confirmed(statement, store)] : [],
    );
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
    const silent = [...this.#seats.values()].filter((seat) => seat.connection && !seat.answered && !isFinished(seat));
    if (silent.length > 0 && this.#clock.now() - failing.since < PATIENCE) return;
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
    this.#dismiss?.();
    this.#end(outcome);
  }

  #tick(): void {
    const { size, timeout } = this.#options;
    const now = this.#clock.now();
    if (this.#failing) {
      this.#account();
      return;
    }
    if (this.#seats.size < size) {
      if (now - this.#began < timeout) return;
      const missing = Array.from({ length: size }, (_, rank) => rank).filter((rank) => !this.#seats.has(rank));
      const detail = `${nameRanks(missing)} of ${size} did not join within ${timeout / 1e3} s.`;
      this.fail({ kind: "aborted", by: -1, detail });
      return;
    }
    for (const [rank, { connection, lastHeard, lostAt }] of this.#seats) {
      if (!connection && now - lostAt > GRACE) this.gone(rank, "is gone: its process ended, or its connection was cut");
      else if (connection && now - lastHeard > timeout) {
        this.gone(rank, `has been silent for ${timeout / 1e3} s: it is stopped, or its network is cut`);
      }
    }
    this.#stillness.tick();
  }

  #tellAll(message: FromCoordinator): void {
    for (const seat of this.#seats.values()) this.#tell(seat, message);
  }

  #tell(seat: Seat, message: FromCoordinator): void {
    seat.connection?.send(message);
  }
}
