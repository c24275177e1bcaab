/**
 * Looks after a shared-memory rank that waits: has a peer started something else, has one
 * that is needed ended, does a circle of ranks wait for each other? And when a job fails,
 * gathers what every rank was doing and gives all of them the same account of it.
 */
import { PatientClock } from "../../platform/patience.ts";
import type { Engine } from "../core/engine.ts";
import type { Failure, RankState } from "../core/transport.ts";
import { type Answer, ourFault } from "../health/answer.ts";
import type { Deadline } from "../health/deadline.ts";
import { diagnose, type Report, stuckRanks } from "../health/diagnose.ts";
import type { ShmTransport } from "./shm.ts";
import { ABORT, ANSWERED, ASLEEP, MOVES, STATE } from "./shm-layout.ts";

/** A circle counts only if nothing has moved for so many milliseconds. */
const STILL = 1000;
/** About how often an idle rank looks, in milliseconds. */
const TICK = 100;
/** How long the survivors of a failure wait for each other's reports. */
const PATIENCE = 400;

export class Watchdog {
  readonly #engine: Engine;
  readonly #transport: ShmTransport;
  readonly #deadline: Deadline | undefined;
  readonly #clock: PatientClock;
  #pulse = "";
  #stillSince = 0;
  #abortedAt = 0;
  #over = false;

  /** @param deadline how long the program may wait, if there is a limit. */
  constructor(engine: Engine, transport: ShmTransport, deadline?: Deadline) {
    this.#engine = engine;
    this.#transport = transport;
    this.#deadline = deadline;
    this.#clock = new PatientClock(engine.now, TICK);
    // Whoever sees that the job must end finds out why: this rank may not come back here for long.
    transport.whenFailing(() => {
      if (!this.#over) this.#write("running");
    });
  }

  /** One look at the job; cheap enough for every wake-up of an idle rank. */
  look(): void {
    const transport = this.#transport;
    if (!transport.aborted) {
      this.#lookForMismatch();
      this.#lookForLeft();
      this.#lookForCircle();
      const late = this.#deadline?.look();
      if (late) transport.fail(late);
    }
    if (transport.aborted) this.#account();
  }

  /** Tells the others that this rank is over; `error` says what it threw. */
  leave(state: "finished" | "failed", error = ""): void {
    const { layout, rank } = this.#transport;
    this.#over = true;
    if (state === "failed") this.#transport.blame({ kind: "threw", by: rank, detail: error });
    this.#write(state, error);
    Atomics.store(layout.words, layout.rank(rank) + STATE, state === "finished" ? 1 : 2);
    if (state === "failed") this.#transport.fail({ kind: "threw", by: rank, detail: error });
    else layout.wakeAll();
  }

  #lookForMismatch(): void {
    for (const work of this.#engine.pending()) {
      const { operation } = work;
      if (operation.seq === 0 || work.state === "queued") continue;
      const odd = operation.group.ranks.find((rank) => this.#transport.contradicts(rank, operation));
      if (odd === undefined) continue;
      this.#transport.fail({ kind: "mismatch", by: this.#engine.rank, detail: `rank ${odd} called something else.` });
      return;
    }
  }

  #lookForLeft(): void {
    const gone = (rank: number): boolean => this.#transport.stateOf(rank) === "finished";
    const hopeless = () => this.#engine.pending().some((work) => work.awaited && work.blockedOn().some(gone));
    // What the peer did before it ended may still lie in the ring: look there before judging.
    if (!hopeless()) return;
    while (this.#engine.progress());
    if (hopeless()) this.#transport.fail({ kind: "left", by: this.#engine.rank, detail: "" });
  }

  #lookForCircle(): void {
    const { layout, size } = this.#transport;
    const now = this.#clock.now();
    let pulse = `${this.#engine.moves}`;
    for (let rank = 0; rank < size; rank++) pulse += ` ${Atomics.load(layout.words, layout.rank(rank) + MOVES)}`;
    if (pulse !== this.#pulse) {
      this.#pulse = pulse;
      this.#stillSince = now;
      return;
    }
    if (now - this.#stillSince > STILL / 3) this.#write("running");
    if (now - this.#stillSince < STILL) return;
    if (stuckRanks(this.#fresh(), size).includes(this.#engine.rank)) {
      this.#transport.fail({ kind: "stuck", by: this.#engine.rank, detail: "" });
    }
  }

  /** Reports of ranks that are over, or asleep since they wrote them. */
  #fresh(): Report[] {
    const { layout, size, rank: me } = this.#transport;
    const answers = Array.from({ length: size }, (_, rank) => layout.readReport(rank));
    return answers.flatMap((answer, rank) => {
      if (!answer) return [];
      const at = layout.rank(rank);
      const asleep = rank === me || Atomics.load(layout.words, at + ASLEEP) === 1;
      const still = answer.report.moves === Atomics.load(layout.words, at + MOVES);
      return answer.report.state !== "running" || (asleep && still) ? [answer.report] : [];
    });
  }

  /** The job has failed: answer with what this rank was doing, and judge when all have answered. */
  #account(): void {
    const { layout, size, rank: me } = this.#transport;
    if (this.#engine.failure) return;
    const answered = (rank: number): boolean => Atomics.load(layout.words, layout.rank(rank) + ANSWERED) === 1;
    const now = this.#clock.now();
    if (this.#abortedAt === 0) this.#abortedAt = now;
    if (!answered(me)) {
      while (this.#engine.progress()); // what has arrived is not waited for
      this.#write("running", "", true);
    }
    let missing = 0;
    const answers: Answer[] = [];
    for (let rank = 0; rank < size; rank++) {
      const answer = layout.readReport(rank);
      if (answer) answers.push(answer);
      // A report that is being written again belongs to a rank that has answered all the same.
      const due = answered(rank) ? !answer : this.#transport.stateOf(rank) === "running";
      if (due) missing++;
    }
    if (missing > 0 && now - this.#abortedAt < PATIENCE) return;
    const by = Atomics.load(layout.words, ABORT) - 1;
    // Who watches over the threads from outside is no rank: it has seen that all of them are stuck.
    const outside: Failure | undefined = by === size ? { kind: "stuck", by: -1, detail: "" } : undefined;
    const failure = outside ?? answers.find((answer) => answer.report.rank === by)?.failure;
    const told = answers.map((answer) => answer.report);
    if (failure) this.#engine.fail(diagnose(failure, told));
    else if (now - this.#abortedAt > 2 * PATIENCE) {
      this.#engine.fail(`The job was ended by rank ${by}, which left no account of why: ${ourFault}`);
    }
  }

  #write(state: RankState, error = "", answer = false): void {
    const { layout, rank, failure } = this.#transport;
    const report = this.#engine.report(state, error);
    layout.writeReport(rank, { report, failure });
    if (!answer && state === "running") return;
    Atomics.store(layout.words, layout.rank(rank) + ANSWERED, 1);
    layout.wakeAll();
  }
}
