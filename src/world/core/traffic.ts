/**
 * The traffic recorder: every operation a rank issued, awaited and ended, and every message
 * in between, in order. It is what checks count, what costs are compared with, and what
 * pictures are drawn from; without one, nothing is recorded.
 *
 * Over shared memory an allReduce has no messages; there each look into a peer's memory
 * (`read`) and each result stored in it (`write`) is an event.
 */

import type { Buffer, DType } from "../../device/index.ts";
import { formatSite } from "../../trace/site.ts";
import { formatOperation, type Kind, type Operation } from "./operation.ts";
import type { Contiguous, Span } from "./span.ts";

/** A message, or an access to a peer's memory. */
export type PeerEvent = "send" | "recv" | "read" | "write";

export interface TrafficEvent {
  /**
   * issue, await, end: an operation was called, somebody started to wait for it, it is complete.
   * send, recv, read, write: a message, or an access to a peer's memory, began.
   */
  readonly event: "issue" | "await" | "end" | PeerEvent;
  /** Milliseconds on the clock that all ranks of the job share. */
  readonly time: number;
  /** Number of the operation on this rank, from 0. */
  readonly operation: number;
  readonly kind: Kind;
  /** Id of the group, and the operation's place in its order; 0 for send and recv. */
  readonly group: number;
  readonly seq: number;
  /** World rank; for messages and accesses only. */
  readonly peer?: number;
  readonly bytes?: number;
  readonly tag?: number;
  /** What lay in the operation's tensors when its message left, or when it ended; where somebody looks. */
  readonly seen?: readonly Glimpse[];
  /** Of a message: the elements that it carries or fills, as they lay when it was posted; where somebody looks. */
  readonly part?: Glimpse;
  /** Of a message: those of its operation, by their place among its messages, that were waited for since the last one. */
  readonly waited?: readonly number[];
}

/** Some of the elements of a buffer, around the part that an operation works on. */
export interface Glimpse {
  /** Number of the buffer on this rank, in the order in which they were first seen. */
  readonly buffer: number;
  readonly dtype: DType;
  /** Elements of the whole buffer. */
  readonly size: number;
  /** The operation's part, in elements. */
  readonly from: number;
  readonly to: number;
  /** The elements from `first` on. */
  readonly first: number;
  readonly values: readonly number[];
}

/** Looks at what lies in a tensor's buffer just now. */
export type Look = (data: Pick<Contiguous, "buffer" | "offset" | "size" | "dtype">) => Omit<Glimpse, "buffer">;

/** An operation as it was called. */
export interface TrafficOperation {
  /** `allReduce(sum, f32[4])` */
  readonly text: string;
  /** `answer.ts:12`, where known. */
  readonly site: string;
  readonly kind: Kind;
  readonly done: boolean;
}

/** What one rank recorded. */
export interface RankTraffic {
  readonly events: readonly TrafficEvent[];
  /** By number. */
  readonly operations: readonly TrafficOperation[];
  /** Events that did not fit. */
  readonly dropped: number;
}

export const noTraffic: RankTraffic = { events: [], operations: [], dropped: 0 };

/** A message as its rank posts it. */
export interface Posted {
  /** Where its elements lie. */
  readonly span: Span;
  readonly waited: readonly number[];
}

/** An access to a peer's memory. */
export interface PeerAccess {
  readonly event: "read" | "write";
  readonly peer: number;
  readonly bytes: number;
}

export class Traffic {
  readonly #now: () => number;
  readonly #limit: number;
  readonly #events: TrafficEvent[] = [];
  /** As they were when they were first heard of: programs hold on to operations. */
  readonly #operations: { readonly operation: Operation; readonly text: string; readonly kind: Operation["kind"] }[] =
    [];
  readonly #numbers = new Map<Operation, number>();
  readonly #ended = new Set<Operation>();
  readonly #look: Look | undefined;
  readonly #buffers = new WeakMap<Buffer, number>();
  #seen = 0;
  #dropped = 0;

  /** @param now milliseconds. @param limit events kept; later ones are counted and dropped. */
  constructor(now: () => number, { limit = 100_000, look }: { limit?: number; look?: Look } = {}) {
    this.#now = now;
    this.#limit = limit;
    this.#look = look;
  }

  /** Records that an operation was issued, awaited or ended. */
  operation(event: "issue" | "await" | "end", operation: Operation): void {
    if (event === "end") this.#ended.add(operation);
    this.#add(event, operation, {});
  }

  /** Records a message, or an access to a peer's memory. @param peer world rank. */
  message(event: PeerEvent, operation: Operation, peer: number, bytes: number, posted?: Posted): void {
    const part = posted && this.#look ? this.#glimpses([{ ...posted.span, size: posted.span.count }])[0] : undefined;
    const waited = posted && posted.waited.length > 0 ? { waited: posted.waited } : {};
    this.#add(event, operation, { peer, bytes, tag: operation.tag ?? 0, ...(part && { part }), ...waited });
  }

  dump(): RankTraffic {
    const operations = this.#operations.map(({ operation, text, kind }) => ({
      text,
      site: formatSite(operation.site),
      kind,
      done: this.#ended.has(operation),
    }));
    return { events: this.#events, operations, dropped: this.#dropped };
  }

  #add(
    event: TrafficEvent["event"],
    operation: Operation,
    details: Pick<TrafficEvent, "peer" | "bytes" | "tag" | "part" | "waited">,
  ): void {
    let number = this.#numbers.get(operation);
    if (this.#events.length >= this.#limit) {
      this.#dropped++;
      return;
    }
    if (number === undefined) {
      const { kind } = operation;
      number = this.#operations.push({ operation, text: formatOperation(operation), kind }) - 1;
      this.#numbers.set(operation, number);
    }
    const { kind, group, seq } = operation;
    const seen = this.#look && (event === "send" || event === "end") ? { seen: this.#glimpses(operation.data) } : {};
    this.#events.push({ event, time: this.#now(), operation: number, kind, group: group.id, seq, ...details, ...seen });
  }

  #glimpses(data: readonly Parameters<Look>[0][]): Glimpse[] {
    const look = this.#look as Look;
    return data.flatMap((each) => {
      try {
        const { buffer } = each;
        const glimpse = look(each);
        const known = this.#buffers.get(buffer) ?? this.#seen++;
        this.#buffers.set(buffer, known);
        return { buffer: known, ...glimpse };
      } catch {
        return []; // the program has freed it meanwhile
      }
    });
  }
}
