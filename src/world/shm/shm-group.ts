/**
 * Control memory of a group whose members share memory: for each of them a line where it says that it
 * has come, and a slot for a small part of its data. Lines and slots come in two sets, used in turn: a
 * rank can be at most one operation ahead of another, because an operation ends only after every rank
 * has arrived at it. A line before them counts the members that have left: a slow one may still read
 * what a fast one has done with.
 */
import type { KernelRuntime } from "../../device/index.ts";
import type { PacedLinks } from "../core/links.ts";
import type { Failure } from "../core/transport.ts";
import type { ShmLayout } from "./shm-layout.ts";

export const LINE = 16;
/** Words of a member's line. */
export const ARRIVED = 0;
export const HASH = 1;
export const ADDRESS = 2;
export const DONE = 3;

/** Bytes of a one-shot slot: less for large groups, whose slots would not fit a cache. */
export function slotBytes(members: number): number {
  return members <= 16 ? 8192 : 1024;
}

/** Bytes of control memory for a group. */
export function shmGroupBytes(members: number): number {
  return LINE * 4 + 2 * members * (LINE * 4 + slotBytes(members));
}

/** The rank that takes part: what the group needs of its transport. */
interface Member {
  readonly rank: number;
  readonly layout: ShmLayout;
  readonly links: PacedLinks | undefined;
  fail(failure: Failure): void;
}

export class ShmGroup {
  readonly transport: Member;
  readonly runtime: KernelRuntime;
  readonly members: readonly number[];
  readonly me: number;
  readonly words: Int32Array;
  readonly slotBytes: number;
  /** Addresses of the one-shot slots, for each of the two sets. */
  readonly slots: readonly (readonly number[])[];
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
    this.words = runtime.pool.memory.words(lines, 2 * n * LINE);
    this.slotBytes = slotBytes(n);
    const slots = lines + 2 * n * LINE * 4;
    this.slots = [0, 1].map((set) => members.map((_, i) => slots + (set * n + i) * this.slotBytes));
  }

  /** The number of the next operation. */
  protected nextCount(): number {
    this.#count = (this.#count + 1) | 0;
    return this.#count;
  }

  /** This member needs the memory no more; the last one to say so gives it back. */
  leave(): void {
    const { length } = this.members;
    if (Atomics.add(this.#left, 0, 1) + 1 < length) return;
    this.runtime.pool.give(this.#address, shmGroupBytes(length));
  }

  /** First word of member i's line for operation `count`. */
  line(count: number, i: number): number {
    return ((count & 1) * this.members.length + i) * LINE;
  }

  wakeOthers(): void {
    const { members, me, transport } = this;
    for (let i = 0; i < members.length; i++) if (i !== me) transport.layout.wake(members[i]);
  }
}
