/**
 * The monitor of a job, the only one who judges: hears what the ranks say, asks them when nothing
 * moves, and when the job cannot go on, asks what every rank was doing and gives all the same verdict.
 *
 *   a failure is noticed → "account" to all → their answers, or PATIENCE → diagnose → "verdict" to all
 *
 * It knows nothing of connections and threads: who keeps those tells it what comes, and sends for it.
 */
import { afterPatience } from "../../platform/patience.ts";
import type { Report } from "../core/report.ts";
import type { Failure } from "../core/transport.ts";
import type { StoreSession } from "../store/remote-store.ts";
import { diagnose } from "./diagnose.ts";
import { confirmed, heard, judge, type Status } from "./judge.ts";
import type { AboutRank, FromMonitor, Outcome, ToMonitor } from "./road.ts";
import { Stillness } from "./stillness.ts";
import { computes, type Seen, silenceOf } from "./waiting.ts";

/** How long the survivors of a failure have to say what they were doing, in milliseconds. */
const PATIENCE = 500;
/** How long a broken wire may be explained by something worse. */
const SECOND_THOUGHT = 1300;

export interface MonitorOptions {
  readonly size: number;
  /** Milliseconds, as patience counts them. */
  readonly now: () => number;
  /** Sends to a rank; what does not reach it is lost. */
  readonly tell: (rank: number, message: FromMonitor) => void;
  /** Asks a rank, or whoever keeps its thread, what it does. */
  readonly ask: (rank: number) => void;
  /** Whether a rank can be sent to. */
  readonly reaches: (rank: number) => boolean;
  /** The job is over. */
  readonly onOutcome: (outcome: Outcome) => void;
  /** A number that differs whenever something has moved, as far as it is known. */
  readonly moved: () => number;
  /** Whether anybody waits for the store. */
  readonly storeBlocking: () => boolean;
  /** What a rank has called of the store; undefined where its own word is enough. */
  readonly session?: (rank: number) => StoreSession | undefined;
  /** Milliseconds without any move after which `onSilence` says who waits for what; 0 for never. */
  readonly silence?: number;
  readonly onSilence?: (text: string) => void;
  /** What is seen of a rank whose thread does not answer. */
  readonly seen?: (rank: number) => Seen | undefined;
  /** Whether all ranks share a thread, whose scheduler knows exactly who is stuck. */
  readonly shared?: boolean;
}

/** What is known of a rank. */
interface Known {
  status?: Status;
  /** Whether it has said what it was doing when the job failed. */
  answered: boolean;
  /** Whether it has been asked what it does, and has not said. */
  asked: boolean;
  /** What is seen of it, if its thread could not say. */
  seen?: Seen;
}

export class Monitor {
  readonly #options: MonitorOptions;
  readonly #ranks: readonly Known[];
  readonly #stillness: Stillness;
  /** Why the job ends, once it does. */
  #failure: Failure | undefined;
  #outcome: Outcome | undefined;
  /** Calls off what has to happen unless something else comes first: a second thought, or a verdict. */
  #callOff: (() => void) | undefined;

  constructor(options: MonitorOptions) {
    const { size, now, moved, storeBlocking, onSilence, silence = 0 } = options;
    this.#options = options;
    this.#ranks = Array.from({ length: size }, () => ({ answered: false, asked: false }));
    this.#stillness = new Stillness({
      now,
      silence: onSilence ? silence : 0,
      moved,
      storeBlocking,
      ask: () => this.#ask(),
      judge: () => this.#judge(),
      say: () => this.#say(),
    });
  }

  /** How the job ended, once it has. */
  get outcome(): Outcome | undefined {
    return this.#outcome;
  }

  /** Whether the job has failed, and its verdict is to come. */
  get failing(): boolean {
    return this.#failure !== undefined && this.#outcome === undefined;
  }

  /** Whether a rank's program has finished without an error. */
  finished(rank: number): boolean {
    return this.#stateOf(rank) === "finished";
  }

  /** One look at whether anything moves; several times in the time of silence. */
  tick(): void {
    if (!this.#failure && !this.#outcome) this.#stillness.tick();
  }

  /**
   * A rank says something, or somebody says something of it.
   * @param time when it was said, on a clock of all ranks if they have one; else when it came.
   */
  hear(rank: number, said: ToMonitor | AboutRank, time = this.#options.now()): void {
    switch (said.type) {
      case "status":
        this.#state(rank, said.report, time);
        this.#judge();
        return;
      case "doing":
        this.#doing(rank, said, time);
        return;
      case "left":
        this.#state(rank, said.report, time);
        if (this.#ranks.every((_, each) => this.finished(each))) this.#end({ ok: true, rank: -1, message: "" });
        return;
      case "fail":
        this.#state(rank, said.report, time);
        this.#ranks[rank].answered = said.report.state !== "running"; // else it may have got further when it is asked
        this.fail({ ...said.failure, by: rank });
        return;
      case "answer":
        this.#answer(rank, said.report, time);
        return;
      case "broken":
        this.#state(rank, said.report, time);
        this.#suspect(rank, `lost its connection to rank ${said.peer} (${said.detail})`);
        return;
      case "unreachable":
        this.#suspect(rank, `could not reach rank ${said.peer} (${said.detail})`);
        return;
      case "gone":
        if (!this.finished(rank)) this.fail({ kind: "lost", by: rank, detail: said.detail }); // else it has done its part
    }
  }

  /** Ends the job: all ranks get the same verdict once they have said what they were doing. */
  fail(failure: Failure): void {
    if (this.#failure || this.#outcome) return;
    this.#failure = failure;
    this.#callOff?.();
    this.#callOff = afterPatience(PATIENCE, () => this.#conclude(true));
    for (const rank of this.#ranks.keys()) this.#options.tell(rank, { type: "account" });
    this.#conclude();
  }

  /** Forgets what it waits for. */
  stop(): void {
    this.#callOff?.();
  }

  #stateOf(rank: number): Report["state"] | undefined {
    return this.#ranks[rank].status?.report.state;
  }

  /** Who has ended does not run any more, whatever comes late, and the fullest account of it stays. */
  #state(rank: number, report: Report, time: number): void {
    const known = this.#ranks[rank];
    const before = known.status?.report;
    const over = before !== undefined && before.state !== "running";
    if (over && (report.state === "running" || report.recent.length < before.recent.length)) return;
    known.status = heard(known.status, report, time);
  }

  #doing(rank: number, { report, seen }: Extract<AboutRank, { type: "doing" }>, time: number): void {
    const known = this.#ranks[rank];
    known.seen = report ? undefined : seen;
    if (report) this.#state(rank, report, time);
    known.asked = false;
    if (!this.#ranks.some(({ asked }) => asked)) this.#stillness.answered();
  }

  #answer(rank: number, report: Report, time: number): void {
    this.#state(rank, report, time);
    this.#ranks[rank].answered = true;
    this.#conclude();
  }

  /** A wire broke. If its other side died, that is the better account, and comes by itself. */
  #suspect(by: number, detail: string): void {
    if (this.#failure) return;
    this.#callOff ??= afterPatience(SECOND_THOUGHT, () => this.fail({ kind: "broken", by, detail }));
  }

  /** Nothing moves: what does every rank do? */
  #ask(): void {
    const { reaches, ask } = this.#options;
    for (const [rank, known] of this.#ranks.entries()) {
      known.asked = reaches(rank) && (known.status === undefined || this.#stateOf(rank) === "running");
    }
    for (const [rank, { asked }] of this.#ranks.entries()) if (asked) ask(rank);
  }

  #judge(): void {
    const { size, session, shared } = this.#options;
    if (this.#failure || this.#outcome || this.#callOff || shared) return;
    const statuses = this.#ranks.flatMap(({ status }, rank) => (status ? [confirmed(status, session?.(rank))] : []));
    const failure = judge(statuses, size);
    if (failure) this.fail(failure);
  }

  #say(): void {
    const { silence = 0, onSilence } = this.#options;
    onSilence?.(this.whoWaits(silence));
  }

  /**
   * `Nothing has moved for 30 s: rank 0 …, rank 1 ….`
   * @param silence milliseconds. @param answered whether what ranks that run have said still holds.
   */
  whoWaits(silence: number, answered = true): string {
    const { size, seen: look, shared } = this.#options;
    const holds = ({ status, asked, seen }: Known): boolean =>
      status?.report.state !== "running" || (answered && !seen && !(asked && look));
    const present = this.#ranks.flatMap((known) => (known.status && holds(known) ? [known.status.report] : []));
    const absent = (rank: number) => computes(this.#ranks[rank].seen ?? look?.(rank), present, shared);
    return silenceOf(silence, present, size, absent);
  }

  /** When every rank that can has answered, or has had time to, the verdict follows. */
  #conclude(late = false): void {
    const { reaches, tell } = this.#options;
    const failure = this.#failure;
    if (!failure || this.#outcome) return;
    const silent = this.#ranks.some(({ answered }, rank) => !answered && reaches(rank) && !this.finished(rank));
    if (silent && !late) return;
    const reports = this.#ranks.flatMap(({ status }) => (status ? [status.report] : []));
    const alive = failure.kind === "lost" ? reports.filter(({ rank }) => rank !== failure.by) : reports;
    const message = diagnose(failure, alive);
    const own = failure.kind === "threw" || failure.kind === "lost" || failure.kind === "aborted";
    this.#end({ ok: false, rank: own ? failure.by : -1, kind: failure.kind, message });
    for (const rank of this.#ranks.keys()) tell(rank, { type: "verdict", message });
  }

  #end(outcome: Outcome): void {
    if (this.#outcome) return;
    this.#outcome = outcome;
    this.#callOff?.();
    this.#options.onOutcome(outcome);
  }
}
