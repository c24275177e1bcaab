/**
 * The monitor of a job whose ranks are threads, in the thread that started them, which keeps their
 * store and goes on while they compute. What a local world cannot see, because its ranks share a
 * thread with their scheduler, is seen from here as well: that the thread itself does not go on.
 */
import type { LineEnd } from "../platform/line.ts";
import { openLine } from "../platform/line.ts";
import { PatientClock } from "../platform/patience.ts";
import { pulseAt, Recorder, type RecorderPlace } from "../world/core/recorder.ts";
import type { Report } from "../world/core/report.ts";
import { Monitor } from "../world/health/monitor.ts";
import type { FromMonitor } from "../world/health/road.ts";
import type { StoreSession } from "../world/index.ts";
import type { Told } from "./start.ts";

/** Longest time between two looks, in milliseconds. */
const TICK = 250;
/** Milliseconds that a thread with a deadline has to end by itself. */
const GRACE = 1000;

export interface ThreadsWatchOptions {
  readonly size: number;
  /** Whether one thread has all ranks. */
  readonly shared: boolean;
  /** Milliseconds on the clock of all threads. */
  readonly now: () => number;
  /** By rank: where its operations are recorded. */
  readonly places: readonly RecorderPlace[];
  /** Milliseconds without any move after which `onSilence` is called; 0 for never. */
  readonly silence: number;
  readonly onSilence: (text: string) => void;
  /** Milliseconds that a program may wait for anything without any progress. */
  readonly timeout: number | undefined;
  /** Asks all threads what their ranks do. */
  readonly ask: () => void;
  readonly storeBlocking: () => boolean;
  /** By rank: the calls of the store that have come. */
  readonly session: (rank: number) => StoreSession | undefined;
  /** Says something to a rank over shared memory. */
  readonly tell: (rank: number, message: FromMonitor) => void;
  /** Operations are in flight, and the thread of all ranks has let nothing move for too long. */
  readonly onLate: (text: string) => void;
}

export class ThreadsWatch {
  readonly #options: ThreadsWatchOptions;
  readonly #pulses: readonly Int32Array[];
  readonly #monitor: Monitor;
  readonly #clock = new PatientClock(() => performance.now(), TICK);
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #lines: { close(): void }[] = [];
  readonly #ended = new Set<number>();
  /** Whether threads have been asked in this round. */
  #asked = false;
  /** What has come from the threads: things shown and printed, calls of the store, ends. */
  #news = 0;
  #moved = -1;
  #since = 0;

  constructor(options: ThreadsWatchOptions) {
    const { size, shared, places, silence, onSilence, session, tell, storeBlocking } = options;
    this.#options = options;
    this.#pulses = places.map(pulseAt);
    this.#monitor = new Monitor({
      size,
      shared,
      now: () => this.#clock.now(),
      tell,
      ask: () => this.#ask(),
      reaches: (rank) => !this.#ended.has(rank),
      onOutcome: () => {}, // the threads' own ends tell
      moved: () => this.#sum(),
      storeBlocking,
      session,
      silence,
      onSilence,
      seen: (rank) => Recorder.peek(places[rank]),
    });
    const interval = Math.min(TICK, (silence || Infinity) / 4, (options.timeout ?? Infinity) / 4);
    this.#timer = setInterval(() => this.#tick(), interval);
  }

  /** Opens a rank's line to the monitor. @returns its far end. */
  open(rank: number): LineEnd {
    const line = openLine<Told>(({ said, time }) => this.#monitor.hear(rank, said, time));
    this.#lines.push(line);
    return line.end;
  }

  /** Something has come from a thread. */
  moved(): void {
    this.#news++;
  }

  /** A thread has said what its ranks do. */
  heard(reports: readonly Report[], time: number): void {
    for (const report of reports) {
      if (!this.#ended.has(report.rank)) this.#monitor.hear(report.rank, { type: "doing", report }, time);
    }
  }

  /** A rank is over. */
  ended(rank: number, ok: boolean): void {
    this.#news++;
    this.#ended.add(rank);
    const state = ok ? "finished" : "failed";
    const report: Report = { rank, state, error: "", pending: [], recent: [], moves: 0 };
    this.#monitor.hear(rank, { type: "left", report }, this.#options.now());
  }

  /** A rank's thread is gone. */
  gone(rank: number, detail: string): void {
    this.#ended.add(rank);
    this.#monitor.hear(rank, { type: "gone", detail });
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#monitor.stop();
    for (const line of this.#lines) line.close();
  }

  #ask(): void {
    if (this.#asked) return; // one question asks all
    this.#asked = true;
    queueMicrotask(() => {
      this.#asked = false;
    });
    this.#options.ask();
  }

  #sum(): number {
    let sum = this.#news;
    for (const pulse of this.#pulses) for (const word of pulse) sum += word;
    return sum;
  }

  #tick(): void {
    this.#monitor.tick();
    const { timeout, shared, onLate, places } = this.#options;
    if (timeout === undefined || !shared) return; // else ranks keep their deadlines themselves
    const now = this.#clock.now();
    if (this.#sum() !== this.#moved) {
      this.#moved = this.#sum();
      this.#since = now;
    } else if (now - this.#since > timeout + GRACE && places.some((place) => Recorder.peek(place).underWay)) {
      const who = this.#monitor.whoWaits(timeout, false);
      onLate(`${who} That is the job's timeout; give it more time if the ranks need it.`);
    }
  }
}
