/** How a job ended, from how its ranks did. A failure always has its account. */

import type { Ending } from "../script/rank.ts";
import type { Outcome } from "../world/index.ts";
import type { Ended } from "./rank-thread.ts";
import { noRecords, type RankRecords } from "./start.ts";

/** The failure that ended a job: of one rank, or (rank -1) of all together. */
export interface JobFailure {
  readonly rank: number;
  readonly message: string;
  readonly stack: string;
}

export type JobResult = {
  /** How each rank ended; a rank that was stopped is missing. */
  readonly endings: readonly Ending[];
  /** What each rank recorded. */
  readonly records: readonly RankRecords[];
  /**
   * What the job's process should end with: 0; the exit code that the first rank by number set;
   * or, of a failure, that of the rank it began with (128 + n if signal n killed it), else 1.
   */
  readonly exitCode: number;
} & ({ readonly ok: true; readonly failure?: undefined } | { readonly ok: false; readonly failure: JobFailure });

/** Exit code of a job that failed, if its rank gave none. */
export const FAILED = 1;

/** Gathers the endings of a job's ranks. */
export class Endings {
  readonly #size: number;
  readonly #endings = new Map<number, Ending>();
  readonly #codes = new Map<number, number>();
  /** Ranks whose process is gone, and how. */
  readonly #gone = new Map<number, string>();
  readonly #records: RankRecords[];

  /** @param size ranks whose endings are awaited. */
  constructor(size: number) {
    this.#size = size;
    this.#records = Array.from({ length: size }, () => noRecords);
  }

  /** A rank's program has ended. What it says afterwards counts only if it went wrong after all. */
  add({ ending, exitCode, records }: Omit<Ended, "type">): void {
    const before = this.#endings.get(ending.rank);
    if (before && !(before.ok && !ending.ok)) return;
    this.#endings.set(ending.rank, ending);
    this.#codes.set(ending.rank, exitCode & 255);
    if (!before) this.#records[ending.rank] = records;
  }

  /** The thread of a rank that had ended has now, too. Of a code, as everywhere, eight bits count. */
  exited(rank: number, exitCode: number): void {
    this.#codes.set(rank, this.#codes.get(rank) || exitCode & 255);
  }

  /** A rank's process is gone. @param detail `was killed by SIGKILL`. */
  gone(rank: number, detail: string, exitCode: number): void {
    this.#gone.set(rank, detail);
    if (!this.#endings.has(rank)) this.#codes.set(rank, exitCode);
  }

  has(rank: number): boolean {
    return this.#endings.has(rank);
  }

  /** Whether all ranks have ended. */
  get complete(): boolean {
    return this.#endings.size >= this.#size;
  }

  /** The job starts again. */
  clear(): void {
    this.#endings.clear();
    this.#codes.clear();
    this.#gone.clear();
    this.#records.fill(noRecords);
  }

  /** @param outcome what the job's coordinator says of it, if it has one. @param stopped whether somebody ended it. */
  result(stopped: boolean, outcome?: Outcome): JobResult {
    const endings = [...this.#endings.values()]; // in the order they came: the first failure is the cause
    const common = { endings, records: this.#records };
    const failure = this.#failure(endings, stopped, outcome);
    const [, first] = [...this.#codes].sort(([a], [b]) => a - b).find(([, code]) => code !== 0) ?? [0, 0];
    if (!failure) return { ...common, ok: true, exitCode: first };
    // Of a failure of all together, such as the end of the thread they share, it is that of the first one.
    const exitCode = failure.rank < 0 ? first : this.#codes.get(failure.rank);
    return { ...common, ok: false, failure, exitCode: exitCode || FAILED };
  }

  #failure(endings: readonly Ending[], stopped: boolean, outcome: Outcome | undefined): JobFailure | undefined {
    const bad = endings.flatMap((ending) => (ending.ok ? [] : [ending]));
    const origin = bad.find(({ error }) => !error.echo);
    if (origin) return { rank: origin.rank, message: origin.error.message, stack: origin.error.stack };
    // A rank whose process died reports nothing; the coordinator speaks for it.
    if (outcome && !outcome.ok) return { rank: outcome.rank, message: outcome.message, stack: outcome.message };
    const [echo] = bad;
    if (echo) return { rank: -1, message: echo.error.message, stack: echo.error.stack };
    if (this.complete) return undefined;
    const message = stopped ? "The job was stopped." : this.#silence();
    return { rank: -1, message, stack: message };
  }

  /** Ranks are gone, and nobody has said why. */
  #silence(): string {
    const gone = [...this.#gone].map(
      ([rank, detail]) => `rank ${rank} ${detail} before it had reported how its program ended`,
    );
    const missing = this.#size - this.#endings.size - gone.length;
    if (missing > 0) gone.push(`${missing} of ${this.#size} ranks did not report how they ended`);
    return `${gone.slice(0, 8).join("; ")}.`;
  }
}
