/**
 * What every collective over shared memory does: each member says that it has come, for which
 * operation, and where its part lies; when all have, each does its share; and where members read
 * each other's tensors, nobody goes on before all are done with that.
 */
import { formatOperation, type Operation } from "../core/operation.ts";
import { addressOfSpan, type Span, spanBytes } from "../core/span.ts";
import type { PeerAccess } from "../core/traffic.ts";
import type { SharedCollective } from "../core/transport.ts";
import { ADDRESS, ARRIVED, DONE, HASH, type ShmGroup } from "./shm-group.ts";

export abstract class ShmCollective implements SharedCollective {
  protected readonly group: ShmGroup;
  /** The operation's number in the group; its set of lines and slots is used at every second one (shm-group.ts). */
  protected readonly turn: number;
  protected readonly operation: Operation;
  /** This member's part. */
  protected readonly span: Span;
  /** Whether all parts fit slots, so that members read copies and need not wait for each other's end. */
  protected readonly small: boolean;
  /** Members up to this one have come, or are done. */
  #seen = 0;
  #phase: "gathering" | "moved" | "handedOut" | "finishing" = "gathering";
  /** Messages on their way over paced links: each member's memory that was read or written counts as one. */
  #travelling = 0;

  /** @param small whether parts go by slots: the same on all members. */
  constructor(group: ShmGroup, turn: number, operation: Operation, span: Span, small: boolean) {
    this.group = group;
    this.turn = turn;
    this.operation = operation;
    this.span = span;
    const bytes = spanBytes(span);
    const address = addressOfSpan(span);
    this.small = small;
    if (small && bytes > 0) group.runtime.copy(group.slots[turn & 1][group.me], address, bytes);
    const line = group.line(turn, group.me);
    group.words[line + HASH] = operation.hash;
    if (!small) group.words[line + ADDRESS] = address;
    this.#say(ARRIVED);
  }

  /** All have come: does this member's share. */
  protected abstract move(): void;

  /** Bytes that this member reads of another one. */
  protected abstract readOf(member: number): number;

  /** Bytes that it writes to each other one; undefined if it writes nothing anywhere. */
  protected get written(): number | undefined {
    return undefined;
  }

  poll(): boolean {
    if (this.#travelling > 0) return false;
    if (this.#phase === "gathering") {
      if (!this.#all(ARRIVED) || !this.#agreed()) return false;
      this.#phase = "moved";
      const start = this.#now();
      this.move();
      if (this.#travel(start)) return false;
    }
    if (this.small) return true;
    if (this.#phase === "moved") {
      // Over paced links, what this rank has written to the others' memory was a message to each.
      this.#phase = "handedOut";
      const { written } = this;
      if (written !== undefined && this.#travel(this.#now(), written)) return false;
    }
    if (this.#phase === "handedOut") {
      this.#phase = "finishing";
      this.#say(DONE);
    }
    return this.#all(DONE);
  }

  waitingFor(): readonly number[] {
    const { words, members } = this.group;
    if (this.#travelling > 0) return [];
    const word = this.#phase === "gathering" ? ARRIVED : DONE;
    return members.filter((_, i) => ((Atomics.load(words, this.group.line(this.turn, i) + word) - this.turn) | 0) < 0);
  }

  accesses(): readonly PeerAccess[] {
    const { members, me } = this.group;
    const others = members.map((peer, i) => ({ peer, i })).filter(({ i }) => i !== me);
    const reads = others.map(({ peer, i }) => ({ event: "read" as const, peer, bytes: this.readOf(i) }));
    const { written: bytes } = this;
    if (bytes === undefined) return reads;
    return [...reads, ...others.map(({ peer }) => ({ event: "write" as const, peer, bytes }))];
  }

  /** Where member i's part lies. */
  protected placeOf(i: number): number {
    const { group, turn } = this;
    return this.small ? group.slots[turn & 1][i] : group.words[group.line(turn, i) + ADDRESS] >>> 0;
  }

  #now(): number {
    return this.group.transport.links?.now() ?? 0;
  }

  /** @param written bytes to each; what was read if not given. @returns whether links are paced, and that has yet to arrive. */
  #travel(start: number, written?: number): boolean {
    const { transport, members, me } = this.group;
    const { links } = transport;
    if (!links) return false;
    for (let i = 0; i < members.length; i++) {
      if (i === me) continue;
      this.#travelling++;
      links.carry(members[i], written ?? this.readOf(i), start, () => void this.#travelling--);
    }
    return this.#travelling > 0;
  }

  /** This rank has come, or is done: the last one to say so wakes the others, who can do nothing before. */
  #say(word: number): void {
    const { group, turn } = this;
    this.#seen = 0;
    Atomics.store(group.words, group.line(turn, group.me) + word, turn);
    if (this.#all(word)) group.wakeOthers();
  }

  /** Whether all members have said so. */
  #all(word: number): boolean {
    const { group, turn } = this;
    const { length } = group.members;
    while (this.#seen < length) {
      if (((Atomics.load(group.words, group.line(turn, this.#seen) + word) - turn) | 0) < 0) return false;
      this.#seen++;
    }
    return true;
  }

  /** Whether every rank came for the same operation; if not, the job fails. */
  #agreed(): boolean {
    const { words, members, transport, me } = this.group;
    for (let i = 0; i < members.length; i++) {
      if (words[this.group.line(this.turn, i) + HASH] === this.operation.hash) continue;
      const detail = `${formatOperation(this.operation)} met another operation of rank ${i} in ${this.operation.group.name}.`;
      transport.fail({ kind: "mismatch", by: members[me], detail });
      return false;
    }
    return true;
  }
}
