/**
 * The one interface under every process group. A transport moves bytes between the
 * devices of two ranks and tells what it knows about its peers; algorithms, ordering,
 * waiting and error reports are written once above it.
 *
 * Ranks in this file are world ranks.
 */
import type { KernelRuntime, ReduceOp, StreamEvent } from "../../device/index.ts";
import type { LinkCost, PacedLinks } from "./links.ts";
import type { Operation, Operator } from "./operation.ts";
import type { Span } from "./span.ts";
import type { PeerAccess } from "./traffic.ts";

/** One message's progress. */
export interface Request {
  /** Whether the bytes have been taken (send) or have arrived (recv). */
  readonly done: boolean;
  /** The rank this request waits for. */
  readonly peer: number;
  /** Whether the peer has done its part, and only the way is still to be travelled. */
  readonly matched?: boolean;
  /** Grows while its bytes come, where that takes time. */
  readonly progress?: number;
}

/** What must be equal for a receive to match a send, besides the two ranks. */
export interface Envelope {
  readonly group: number;
  /** Collective's number in its group, or 0 for point-to-point. */
  readonly channel: number;
  readonly tag: number;
}

export interface Message extends Envelope {
  readonly peer: number;
  readonly span: Span;
  /** The operation the message belongs to, for checks and reports. */
  readonly operation: Operation;
  /** recv only: combine with what the span holds, in place of overwriting it. */
  readonly combine?: ReduceOp;
}

/** Why a job stops. `detail` holds what only the rank that noticed knows. */
export interface Failure {
  /**
   * What called for the end: operations that do not fit each other, a cycle of waits, a rank that
   * is needed but returned, threw, whose process is gone, a connection that broke, a wait that was longer
   * than the job's timeout, or a call of abort.
   */
  readonly kind: "mismatch" | "stuck" | "left" | "threw" | "lost" | "broken" | "late" | "aborted";
  /** The rank that noticed; for `threw`, `lost` and `aborted` the one it happened to. */
  readonly by: number;
  readonly detail: string;
}

/** A collective that the transport does by itself over memory that all members see. */
export interface SharedCollective {
  /** @returns whether the operation is complete on this rank. */
  poll(): boolean;
  /** Members that have not arrived, as world ranks. */
  waitingFor(): readonly number[];
  /** What it reads and writes in the memory of its peers. */
  accesses(): readonly PeerAccess[];
  /** A word in shared memory that becomes 1 when it is done, if there is one. */
  readonly flag?: number;
  /** A stream waits for it, and has passed it at `event`. */
  passed?(event: StreamEvent): void;
  /** Somebody awaits the Work, or has waited for it. */
  waitedFor?(): void;
  /** The Work has ended. */
  over?(): void;
}

/** What a member offers to the others, and what it does with what they offer. */
export interface Exchange {
  readonly offer: Span;
  /** Bytes of the largest offer of all members. */
  readonly largest: number;
  /** Bytes that this member reads of another one's offer. */
  readOf(member: number): number;
  /** Takes what it needs. @param places address of each member's offer. */
  take(places: readonly number[], runtime: KernelRuntime): void;
}

/** A group's collectives over memory that all its members see. */
export interface SharedGroup {
  /** Starts an allReduce in place; a span of zero elements is a barrier. */
  start(operation: Operation, span: Span, operator: Operator): SharedCollective;
  /** Starts an operation in which members read each other's parts. */
  exchange(operation: Operation, exchange: Exchange): SharedCollective;
  /** This member needs the memory no more; the last one to say so gives it back. */
  leave(): void;
}

export type RankState = "running" | "finished" | "failed";

/** What an engine knows of the way to its peers. */
export interface Channel {
  readonly name: "local" | "shm" | "tcp";
  readonly rank: number;
  readonly size: number;
  /** The links between ranks, where they are paced. */
  readonly links: PacedLinks | undefined;
  /** Moves what can be moved without waiting. @returns whether anything moved. */
  progress(): boolean;
}

export interface Transport extends Channel {
  /** Starts a send. It is done when the matching receive has taken the bytes. */
  send(message: Message): Request;
  /** Starts a receive into the message's span. */
  recv(message: Message): Request;
  /** Tells the peers which collective this rank starts, so that a mismatch is seen early. */
  announce(operation: Operation): void;

  /** Bytes of control memory that `openShared` needs for a group, 0 if it cannot be done. */
  sharedBytes(members: number): number;
  /** Opens a group's control memory at an address that its first member took. */
  openShared(members: readonly number[], address: number): SharedGroup;
  /** Takes (zeroed) control memory for a new group. */
  takeShared(bytes: number): number;
  /** A number that no other group of the job has. */
  takeId(): number;

  /** Starts the end of the job; every rank will get the same report. */
  fail(failure: Failure): void;
}

/** What an algorithm sees of its group: its place and the transport's verbs, in group ranks. */
export interface Comm {
  readonly rank: number;
  readonly size: number;
  /** Ranks that share a node, node by node. */
  readonly nodes: readonly (readonly number[])[];
  /** Of the slowest links between members, the same on every rank. */
  readonly link: LinkCost;
  send(to: number, span: Span): Request;
  /** Sends a copy, for which nobody has to wait. */
  sendCopy(to: number, span: Span): void;
  recv(from: number, span: Span): Request;
  /** Receives and combines: span = span op incoming. */
  recvCombine(from: number, span: Span, operator: ReduceOp): Request;
  /** target = source, at once. Both have the same count and dtype. */
  copy(target: Span, source: Span): void;
  /** target = target op source, at once. */
  combine(target: Span, source: Span, operator: ReduceOp): void;
  /** target = source in the wide form of a reduction. @param divisor of the mean to come, or 1. */
  widen(target: Span, source: Span, divisor: number): void;
  /** target = the reduced wide form, divided and rounded once. */
  narrow(target: Span, source: Span, divisor: number): void;
  /** Memory for intermediate results, freed when the operation ends. */
  scratch(count: number, dtype: Span["dtype"]): Span;
  /** Bytes of a span as they are now. */
  peek(span: Span): Uint8Array;
  poke(span: Span, bytes: Uint8Array): void;
}

/** An algorithm: yields what it must wait for, and goes on when all of it is done. */
export type Steps = Generator<Request | readonly Request[], void, void>;
