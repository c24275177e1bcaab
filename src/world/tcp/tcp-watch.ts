/**
 * A rank's side of the job's health: tells the office what this rank is doing when nothing
 * moves, reports what it notices, and ends the engine with the verdict that all ranks get.
 */

import type { Engine } from "../core/engine.ts";
import type { Failure, RankState } from "../core/transport.ts";
import type { Deadline } from "../health/deadline.ts";
import type { Report } from "../health/diagnose.ts";
import type { Office } from "./office.ts";
import type { TcpTransport } from "./tcp.ts";

/** Nothing has moved for so many milliseconds: time to tell; and how often from then on. */
const STILL = 300;

export class TcpWatch {
  readonly #engine: Engine;
  readonly #office: Office;
  readonly #deadline: Deadline | undefined;
  #moves = -1;
  #since = 0;
  #failed = false;

  /** @param deadline how long the program may wait, if there is a limit. */
  constructor(engine: Engine, transport: TcpTransport, office: Office, deadline?: Deadline) {
    this.#deadline = deadline;
    this.#engine = engine;
    this.#office = office;
    transport.listen({
      onFailure: (failure) => this.fail(failure),
      onBroken: (peer, detail) => office.tell({ type: "broken", peer, detail, report: this.#report() }),
      onNews: (news) => {
        if (news.type === "account") office.tell({ type: "answer", report: this.#report() });
        else engine.fail(news.message);
      },
    });
  }

  /** One look; cheap enough for every wake-up of an idle rank. */
  look(): void {
    const late = this.#deadline?.look();
    if (late) this.fail(late);
    const { moves } = this.#engine;
    const awaited = this.#engine.awaited || this.#engine.streamsAwaited;
    const now = this.#engine.now();
    if (moves !== this.#moves || (!awaited && this.#engine.pending().every((work) => !work.blocking))) {
      this.#moves = moves;
      this.#since = now;
    } else if (now - this.#since >= STILL) {
      this.#since = now;
      this.#office.tell({ type: "status", report: this.#report() });
    }
  }

  fail(failure: Failure): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#office.tell({ type: "fail", failure, report: this.#report() });
  }

  /** Tells that this rank's program is over. */
  leave(state: "finished" | "failed", error = ""): void {
    const report = this.#report(state, error);
    if (state === "finished") this.#office.tell({ type: "left", report });
    else if (!this.#failed) {
      this.#failed = true;
      this.#office.tell({ type: "fail", failure: { kind: "threw", by: this.#engine.rank, detail: error }, report });
    }
  }

  #report(state: RankState = "running", error = ""): Report {
    return this.#engine.report(state, error);
  }
}
