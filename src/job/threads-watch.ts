/**
 * Watches over ranks that are threads from the thread that started them, which keeps their
 * store and goes on while they compute: notices that nothing moves, finds out whether those
 * who wait for the store can go on, and says who waits for what.
 */
import { PatientClock } from "../platform/patience.ts";
import { pulseAt, Recorder, type RecorderPlace } from "../world/core/recorder.ts";
import type { Report } from "../world/core/report.ts";
import { heard, judge, type Statement } from "../world/health/judge.ts";
import { confirmed } from "../world/health/seat.ts";
import { Stillness } from "../world/health/stillness.ts";
import { computes, silenceOf } from "../world/health/waiting.ts";
import type { StoreSession } from "../world/index.ts";

/** Longest time between two looks, in milliseconds. */
const TICK = 250;
/** Milliseconds that a thread with a deadline has to end by itself. */
const GRACE = 1000;

export interface ThreadsWatchOptions {
  readonly size: number;
  /** Whether one thread has all ranks. */
  readonly shared: boolean;
  /** By rank: where its operations are recorded. */
  readonly places: readonly RecorderPlace[];
  /** Milliseconds without any move after which `onSilence` is called; 0 for never. */
  readonly silence: number;
  readonly onSilence: (text: string) => void;
  /** Milliseconds that a program may wait for anything without any progress. */
  readonly timeout: number | undefined;
  /** Asks all threads what their ranks do. */
  readonly ask: () => void;
  readonly storeAwaited: () => boolean;
  /** By rank: the calls of the store that have come. */
  readonly session: (rank: number) => StoreSession | undefined;
  /** Ranks wait for the store, and nobody is left who could help them. */
  readonly onStuck: () => void;
  /** Operations are under way, and the thread of all ranks has let nothing move for too long. */
  readonly onLate: (text: string) => void;
}

export class ThreadsWatch {
  readonly #options: ThreadsWatchOptions;
  readonly #pulses: readonly Int32Array[];
  readonly #clock = new PatientClock(() => performance.now(), TICK);
  readonly #stillness: Stillness;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #statements = new Map<number, Statement>();
  /** Ranks that have been asked and have not answered. */
  readonly #asked = new Set<number>();
  readonly #ended = new Set<number>();
  /** What has come from the threads: things shown and printed, calls of the store, ends. */
  #news = 0;
  #moved = -1;
  #since = 0;

  constructor(options: ThreadsWatchOptions) {
    this.#options = options;
    this.#pulses = options.places.map(pulseAt);
    this.#stillness = new Stillness({
      now: () => this.#clock.now(),
      silence: options.silence,
      moved: () => this.#sum(),
      storeAwaited: options.storeAwaited,
      ask: () => this.#ask(),
      judge: () => this.#judge(),
      say: () => this.#say(),
    });
    const interval = Math.min(TICK, (options.silence || Infinity) / 4, (options.timeout ?? Infinity) / 4);
    this.#timer = setInterval(() => this.#tick(), interval);
  }

  /** Something has come from a thread. */
  moved(): void {
    this.#news++;
  }

  /** A thread has said what its ranks do. */
  heard(reports: readonly Report[]): void {
    for (const report of reports) this.#hear(report);
    if (this.#asked.size === 0) this.#stillness.answered();
  }

  /** A rank is over. */
  ended(rank: number, ok: boolean): void {
    this.#news++;
    this.#ended.add(rank);
    this.#hear({ rank, state: ok ? "finished" : "failed", error: "", pending: [], recent: [], moves: 0 });
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #hear(report: Report): void {
    this.#asked.delete(report.rank);
    const { rank } = report;
    if (report.state === "running" && this.#ended.has(rank)) return;
    this.#statements.set(rank, heard(this.#statements.get(rank), report, this.#clock.now()));
  }

  #sum(): number {
    let sum = this.#news;
    for (const pulse of this.#pulses) for (const word of pulse) sum += word;
    return sum;
  }

  #tick(): void {
    this.#stillness.tick();
    const { timeout, shared, onLate } = this.#options;
    if (timeout === undefined || !shared) return; // else ranks keep their deadlines themselves
    const now = this.#clock.now();
    if (this.#sum() !== this.#moved) {
      this.#moved = this.#sum();
      this.#since = now;
    } else if (now - this.#since > timeout + GRACE && this.#peeks().some(({ underWay }) => underWay)) {
      for (let rank = 0; rank < this.#options.size; rank++) if (!this.#ended.has(rank)) this.#asked.add(rank);
      onLate(`${this.#text(timeout)} That is the job's timeout; give it more time if the ranks need it.`);
    }
  }

  #ask(): void {
    for (let rank = 0; rank < this.#options.size; rank++) if (!this.#ended.has(rank)) this.#asked.add(rank);
    this.#options.ask();
  }

  #judge(): void {
    const { session, size, onStuck, shared } = this.#options;
    if (shared) return; // one thread knows exactly who is stuck
    const statements = [...this.#statements.values()].map((statement) => {
      const own = session(statement.report.rank);
      return own ? confirmed(statement, own) : statement;
    });
    const present = statements.filter(({ report }) => !this.#asked.has(report.rank));
    const atStore = present.some(({ report }) => (report.store?.waits.length ?? 0) > 0);
    if (atStore && judge(present, size)) onStuck();
  }

  #say(): void {
    this.#options.onSilence(this.#text(this.#options.silence));
  }

  #text(silence: number): string {
    const { size, shared } = this.#options;
    const present = [...this.#statements.values()].flatMap(({ report }) =>
      this.#asked.has(report.rank) ? [] : [report],
    );
    const peeks = this.#peeks();
    return silenceOf(silence, present, size, (rank) => computes(peeks[rank], present, shared));
  }

  #peeks(): ReturnType<typeof Recorder.peek>[] {
    return this.#options.places.map((place) => Recorder.peek(place));
  }
}
