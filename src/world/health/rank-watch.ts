/**
 * A rank's side of the job's health: says what the rank does when nothing moves, and what it has
 * noticed, and ends the engine with the verdict that all ranks get.
 */
import type { Engine } from "../core/engine.ts";
import type { Report } from "../core/report.ts";
import type { Failure, RankState } from "../core/transport.ts";
import type { Deadline } from "./deadline.ts";
import type { FromMonitor, Tell } from "./road.ts";

/** Milliseconds without a move after which a rank tells, and between two tellings from then on. */
const STILL = 300;

export interface RankWatchOptions {
  readonly tell: Tell;
  /** How long the program may wait, if there is a limit. */
  readonly deadline?: Deadline;
  /** What the transport sees by itself, sooner than the monitor could. */
  readonly notice?: () => Failure | undefined;
  /** What the monitor says, each thing once, where it does not call `hear`. */
  readonly take?: () => FromMonitor | undefined;
}

export class RankWatch {
  readonly #engine: Engine;
  readonly #options: RankWatchOptions;
  #moves = -1;
  #since = 0;
  /** Whether this rank has told why the job must end. */
  #failed = false;
  /** Whether its program is over. */
  #over = false;

  constructor(engine: Engine, options: RankWatchOptions) {
    this.#engine = engine;
    this.#options = options;
  }

  /** One look; cheap enough for every wake-up of an idle rank. */
  look(): void {
    const { deadline, notice, take } = this.#options;
    while (this.#engine.progress()); // what has arrived is not waited for
    for (let said = take?.(); said; said = take?.()) this.hear(said);
    if (this.#over || this.#engine.failure) return;
    const failure = notice?.() ?? deadline?.look();
    if (failure) this.fail(failure);
    const { moves } = this.#engine;
    const now = this.#engine.now();
    if (moves !== this.#moves || !this.#engine.blocked) {
      this.#moves = moves;
      this.#since = now;
    } else if (now - this.#since >= STILL) {
      this.#since = now;
      this.#options.tell({ type: "status", report: this.#report() });
    }
  }

  /** The monitor says something. */
  hear(said: FromMonitor): void {
    if (said.type === "verdict") this.#engine.fail(said.message);
    else if (!this.#over) this.#options.tell({ type: "answer", report: this.#report() });
  }

  /** This rank has noticed that the job cannot go on. */
  fail(failure: Failure): void {
    if (this.#failed || this.#over) return;
    this.#failed = true;
    this.#options.tell({ type: "fail", failure, report: this.#report() });
  }

  /** The wire to or from a rank is broken. */
  broken(peer: number, detail: string): void {
    this.#options.tell({ type: "broken", peer, detail, report: this.#report() });
  }

  /** This rank's program is over. @param error what it threw. */
  leave(state: "finished" | "failed", error = ""): void {
    if (this.#over) return;
    this.#over = true;
    const report = this.#report(state, error);
    const { tell } = this.#options;
    if (state === "finished") tell({ type: "left", report });
    else tell({ type: "fail", failure: { kind: "threw", by: this.#engine.rank, detail: error }, report });
  }

  #report(state: RankState = "running", error = ""): Report {
    return this.#engine.report(state, error);
  }
}
