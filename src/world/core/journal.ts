/**
 * What happened on a rank, in one history: every operation that was called, awaited and ended,
 * every message in between, and how long each took. The last operations are always kept (the
 * flight recorder); messages and spans only where somebody has asked for them.
 */
import { captureSite, type Site } from "../../trace/site.ts";
import type { Tracer } from "../../trace/trace.ts";
import { formatOperation, type Operation } from "./operation.ts";
import { type FlightRecord, Recorder, type RecorderPlace } from "./recorder.ts";
import type { PeerEvent, Posted, RankTraffic, Traffic } from "./traffic.ts";

/** Call sites are always captured for a rank's first operations, later only when it must wait. */
const ALWAYS_SITED = 1000;

export interface JournalOptions {
  /** Milliseconds on the clock that all ranks of the job share. */
  readonly now: () => number;
  /** The line of the program that is calling; found on the stack if not given. */
  readonly site?: () => Site;
  /** Where operations are recorded, if others are to see them. */
  readonly place?: RecorderPlace;
  readonly tracer?: Tracer;
  /** Records operations and messages. */
  readonly traffic?: Traffic;
}

export class Journal {
  readonly #now: () => number;
  readonly #site: () => Site;
  readonly #recorder: Recorder;
  readonly #tracer: Tracer | undefined;
  readonly #traffic: Traffic | undefined;
  #time = 0;

  constructor({ now, site = captureSite, place, tracer, traffic }: JournalOptions) {
    this.#now = now;
    this.#site = site;
    this.#recorder = new Recorder(place);
    this.#tracer = tracer;
    this.#traffic = traffic;
  }

  /** When operations began, where spans are recorded: they are issued earlier, and wait for their stream. */
  readonly #begun = new WeakMap<Operation, number>();

  /** Words that grow when something moves, as others see them. */
  get pulse(): Int32Array {
    return this.#recorder.pulse;
  }

  /** Whether all operations and messages are kept. */
  get recorded(): boolean {
    return this.#traffic !== undefined;
  }

  /**
   * An operation has been called. It is entered before it begins, so that its end, and any report,
   * finds it here; its line is looked up only if it then has to wait, because that costs as much
   * as the operation.
   */
  enter(operation: Operation): void {
    if (this.#recorder.count < ALWAYS_SITED || this.#tracer !== undefined) this.#locate(operation);
    this.#traffic?.operation("issue", operation);
    operation.entered(this.#recorder.add(operation, this.#time));
  }

  /** An operation has to wait: its line is worth looking up. */
  waits(operation: Operation): void {
    if (!operation.site) this.#locate(operation);
    this.#recorder.locate(operation, this.#time);
  }

  /** The line of an operation has become known. */
  relocate(operation: Operation, site: Site): void {
    operation.locate(site);
    this.#recorder.locate(operation, this.#recorder.issuedAt(operation.entry) ?? 0);
  }

  /** An operation begins: the stream has come to it, and the operations before it in its group are over. */
  begins(operation: Operation): void {
    if (this.#tracer) this.#begun.set(operation, this.#now());
  }

  /** Somebody awaits an operation, or has waited for it. */
  waitedFor(operation: Operation): void {
    this.#traffic?.operation("await", operation);
  }

  /** A message, or an access to a peer's memory, begins. @param peer world rank. */
  message(event: PeerEvent, operation: Operation, peer: number, bytes: number, posted?: Posted): void {
    this.#traffic?.message(event, operation, peer, bytes, posted);
  }

  /** An operation is over. */
  ended(operation: Operation, failed: boolean): void {
    this.#recorder.end(operation.entry, failed);
    if (!failed) this.#traffic?.operation("end", operation);
    if (!this.#tracer) return;
    const { kind, group, entry } = operation;
    const now = this.#now();
    const began = this.#begun.get(operation) ?? now;
    const details = { operation: formatOperation(operation), group: group.name, bytes: operation.bytes, began };
    this.#tracer.add("comm", kind, this.#recorder.issuedAt(entry) ?? now, now, details);
  }

  /** The last `limit` operations, oldest first. */
  flight(limit?: number): FlightRecord[] {
    return this.#recorder.dump(limit);
  }

  /** All operations and messages; undefined if they were not kept. */
  traffic(): RankTraffic | undefined {
    return this.#traffic?.dump();
  }

  #locate(operation: Operation): void {
    this.#time = this.#now();
    operation.locate(this.#site());
  }
}
