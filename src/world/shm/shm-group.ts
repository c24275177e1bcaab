/**
 * allReduce over shared memory, without messages: "one-shot" and "two-shot" as inference
 * engines call their custom all-reduce kernels.
 *
 *   one-shot  (small) every rank copies its data to a slot that all see, and combines all
 *             slots when the last has arrived: one synchronisation.
 *   two-shot  (large) every rank combines one slice of everybody's tensor, where it lies,
 *             and stores the result in everybody's: two synchronisations, no extra memory.
 *
 * Both combine in rank order, so all ranks get the same bits. Slots and lines come in two
 * sets, used in turn: a rank can be at most one operation ahead of another, because an
 * operation ends only after everybody has arrived at it. A line before them counts the
 * members that have left: a slow one may still read what a fast one has done with.
 */
import { codeOf, type KernelRuntime, reduceOps, sizeOf } from "../../device/index.ts";
import type { Cost } from "../algorithms/cost.ts";
import type { PacedLinks } from "../core/links.ts";
import { formatOperation, type Operation, type Operator } from "../core/operation.ts";
import { addressOfSpan, type Span, spanBytes } from "../core/span.ts";
import type { PeerAccess } from "../core/traffic.ts";
import type { Failure, SharedCollective, SharedGroup } from "../core/transport.ts";
import type { ShmLayout } from "./shm-layout.ts";

const LINE = 16;
/** Lines of a set before the members' own: how many have arrived, and how many are done. */
const COUNTERS = 2;
/** Words of a member's line. */
const ARRIVED = 0;
const HASH = 1;
const ADDRESS = 2;
const DONE = 3;

/** Bytes of a one-shot slot: less for large groups, whose slots would not fit a cache. */
function slotBytes(members: number): number {
  return members <= 16 ? 8192 : 1024;
}

/** Bytes of control memory for a group. */
export function shmGroupBytes(members: number): number {
  return LINE * 4 + 2 * (COUNTERS * LINE * 4 + members * (LINE * 4 + slotBytes(members)));
}

/** The rank that takes part: what the group needs of its transport. */
interface Member {
  readonly rank: number;
  readonly layout: ShmLayout;
  readonly links: PacedLinks | undefined;
  fail(failure: Failure): void;
}

export class ShmGroup implements SharedGroup {
  readonly transport: Member;
  readonly runtime: KernelRuntime;
  readonly members: readonly number[];
  readonly me: number;
  readonly words: Int32Array;
  readonly slotBytes: number;
  /** Addresses of the one-shot slots, for each of the two sets. */
  readonly slots: readonly (readonly number[])[];
  /** What the counters of each set are once all members have arrived at its last operation, and are done with its last two-shot. */
  readonly #arrived = [0, 0];
  readonly #finished = [0, 0];
  readonly #address: number;
  readonly #left: Int32Array;
  #count = 0;

  constructor(transport: Member, runtime: KernelRuntime, members: readonly number[], address: number) {
    this.transport = transport;
    this.runtime = runtime;
    this.members = members;
    this.me = members.indexOf(transport.rank);
    const n = members.length;
    this.#address = address;
    this.#left = runtime.pool.memory.words(address, 1);
    const lines = address + LINE * 4;
    this.words = runtime.pool.memory.words(lines, 2 * (COUNTERS + n) * LINE);
    this.slotBytes = slotBytes(n);
    const slots = lines + 2 * (COUNTERS + n) * LINE * 4;
    this.slots = [0, 1].map((set) => members.map((_, i) => slots + (set * n + i) * this.slotBytes));
  }

  start(operation: Operation, span: Span, operator: Operator): SharedCollective {
    const count = (this.#count = (this.#count + 1) | 0);
    return new ShmAllReduce(this, count, operation, span, operator);
  }

  /** What a counter of this set will be when all members have counted themselves in once more. */
  next(count: number, which: "arrived" | "finished"): number {
    const all = which === "arrived" ? this.#arrived : this.#finished;
    const set = count & 1;
    all[set] = (all[set] + this.members.length) | 0;
    return all[set];
  }

  /** Where the arrivals at operations of this set are counted; a line further, those that are done. */
  counter(count: number): number {
    return (count & 1) * (COUNTERS + this.members.length) * LINE;
  }

  leave(): void {
    const { length } = this.members;
    if (Atomics.add(this.#left, 0, 1) + 1 < length) return;
    this.runtime.pool.give(this.#address, shmGroupBytes(length));
  }

  /** First word of member i's line for operation `count`. */
  line(count: number, i: number): number {
    return this.counter(count) + (COUNTERS + i) * LINE;
  }

  wakeOthers(): void {
    const { members, me, transport } = this;
    for (let i = 0; i < members.length; i++) if (i !== me) transport.layout.wake(members[i]);
  }
}

class ShmAllReduce implements SharedCollective {
  readonly #group: ShmGroup;
  readonly #count: number;
  /** Counter's value once all members have come. */
  #complete: number;
  readonly #operation: Operation;
  readonly #span: Span;
  readonly #op: number;
  readonly #divisor: number;
  readonly #small: boolean;
  #phase: "gathering" | "combined" | "handedOut" | "finishing" = "gathering";
  /** Messages on their way over paced links: each member's memory that was read or written counts as one. */
  #travelling = 0;

  constructor(group: ShmGroup, count: number, operation: Operation, span: Span, operator: Operator) {
    this.#group = group;
    this.#count = count;
    this.#complete = group.next(count, "arrived");
    this.#operation = operation;
    this.#span = span;
    this.#op = reduceOps[operator === "mean" ? "sum" : operator];
    this.#divisor = operator === "mean" ? group.members.length : 1;
    const bytes = spanBytes(span);
    const address = addressOfSpan(span);
    this.#small = bytes <= group.slotBytes;
    if (this.#small && bytes > 0) group.runtime.copy(group.slots[count & 1][group.me], address, bytes);
    const line = group.line(count, group.me);
    group.words[line + HASH] = operation.hash;
    if (!this.#small) group.words[line + ADDRESS] = address;
    Atomics.store(group.words, line + ARRIVED, count);
    this.#countIn(0);
  }

  poll(): boolean {
    if (this.#travelling > 0) return false;
    if (this.#phase === "gathering") {
      if (!this.#all(0) || !this.#agreed()) return false;
      this.#phase = "combined";
      const start = this.#group.transport.links?.now() ?? 0;
      if (this.#small) this.#combineSlots();
      else this.#combineSlice();
      if (this.#travel(start)) return false;
    }
    if (this.#small) return true;
    if (this.#phase === "combined") {
      // Over paced links, what this rank has written to the others' memory was a message to each.
      this.#phase = "handedOut";
      if (this.#travel(this.#group.transport.links?.now() ?? 0)) return false;
    }
    if (this.#phase === "handedOut") {
      const group = this.#group;
      Atomics.store(group.words, group.line(this.#count, group.me) + DONE, this.#count);
      this.#complete = group.next(this.#count, "finished");
      this.#countIn(LINE);
      this.#phase = "finishing";
    }
    return this.#all(LINE);
  }

  waitingFor(): readonly number[] {
    const { words, members } = this.#group;
    if (this.#travelling > 0) return [];
    const word = this.#phase === "gathering" ? ARRIVED : DONE;
    return members.filter(
      (_, i) => ((Atomics.load(words, this.#group.line(this.#count, i) + word) - this.#count) | 0) < 0,
    );
  }

  /** One-shot reads everybody's tensor; two-shot reads a slice of each and writes the result back. */
  accesses(): readonly PeerAccess[] {
    const { members, me } = this.#group;
    const peers = members.filter((_, i) => i !== me);
    const read = this.#small ? this.#span.count : this.#slice().count;
    const bytes = read * sizeOf(this.#span.dtype);
    const reads = peers.map((peer) => ({ event: "read" as const, peer, bytes }));
    return this.#small ? reads : [...reads, ...peers.map((peer) => ({ event: "write" as const, peer, bytes }))];
  }

  /** @returns whether links are paced, and what was just moved has yet to arrive. */
  #travel(start: number): boolean {
    const { transport, members, me } = this.#group;
    const { links } = transport;
    if (!links) return false;
    const bytes = spanBytes(this.#span) / (this.#small ? 1 : members.length);
    for (const member of members) {
      if (member === members[me]) continue;
      this.#travelling++;
      links.carry(member, bytes, start, () => void this.#travelling--);
    }
    return this.#travelling > 0;
  }

  /** This rank has come: the last one to come wakes the others, who can do nothing before. @param counter its line. */
  #countIn(counter: number): void {
    const group = this.#group;
    const before = Atomics.add(group.words, group.counter(this.#count) + counter, 1);
    if (((before + 1) | 0) === this.#complete) group.wakeOthers();
  }

  #all(counter: number): boolean {
    const group = this.#group;
    return ((Atomics.load(group.words, group.counter(this.#count) + counter) - this.#complete) | 0) >= 0;
  }

  /** Whether everybody came for the same operation; if not, the job fails. */
  #agreed(): boolean {
    const { words, members, transport, me } = this.#group;
    for (let i = 0; i < members.length; i++) {
      if (words[this.#group.line(this.#count, i) + HASH] === this.#operation.hash) continue;
      const detail = `${formatOperation(this.#operation)} met another operation of rank ${i} in ${this.#operation.group.name}.`;
      transport.fail({ kind: "mismatch", by: members[me], detail });
      return false;
    }
    return true;
  }

  #combineSlots(): void {
    const { runtime, slots } = this.#group;
    const span = this.#span;
    if (span.count === 0) return;
    const target = addressOfSpan(span);
    runtime.combine(this.#op, codeOf(span.dtype), slots[this.#count & 1], [target], span.count, this.#divisor);
  }

  #combineSlice(): void {
    const group = this.#group;
    const { dtype } = this.#span;
    const { from, count } = this.#slice();
    if (count === 0) return;
    const offset = from * sizeOf(dtype);
    const places = group.members.map((_, i) => (group.words[group.line(this.#count, i) + ADDRESS] >>> 0) + offset);
    group.runtime.combine(this.#op, codeOf(dtype), places, places, count, this.#divisor);
  }

  /** The elements that this rank reduces for all. */
  #slice(): { from: number; count: number } {
    return sliceOf(this.#span.count, this.#group.members.length, this.#group.me);
  }
}

/** Accesses to peers' memory: one-shot reads everything of all, two-shot reads and writes a slice of all. */
export const sharedCost: Pick<Cost, "sent"> = {
  sent(rank, { size, count, itemBytes }) {
    const peers = size - 1;
    if (count * itemBytes <= slotBytes(size)) return { messages: peers, bytes: peers * count * itemBytes };
    const { count: own } = sliceOf(count, size, rank);
    return { messages: 2 * peers, bytes: 2 * peers * own * itemBytes };
  },
};

/** The elements that a member reduces for all: whole cache lines, so that no two ranks write one. */
function sliceOf(count: number, members: number, me: number): { from: number; count: number } {
  const share = Math.ceil(count / members / LINE) * LINE;
  const from = Math.min(count, share * me);
  return { from, count: Math.min(count, from + share) - from };
}
