/**
 * Marks parts of buffers as used by an operation. Whoever touches such a part in conflict with
 * that, before the operation was awaited or waited for, gets an error in place of a race.
 */
import { type Hold, sizeOf } from "../../device/index.ts";
import type { Contiguous } from "./span.ts";

/** An operation that uses buffers. */
export interface Holder {
  /** Throws the error that explains the conflict. @param by another operation that would read or write, if one would. */
  conflict(action: "read" | "write", by?: unknown): never;
}

class TensorHold implements Hold {
  readonly work: Holder;
  readonly start: number;
  readonly end: number;
  readonly writes: boolean;

  constructor(work: Holder, { offset, size, dtype }: Contiguous, writes: boolean) {
    this.work = work;
    this.start = offset;
    this.end = offset + size * sizeOf(dtype);
    this.writes = writes;
  }

  conflict(action: "read" | "write", by?: unknown): never {
    this.work.conflict(action, by);
  }
}

/** @throws Error when another operation that nobody waited for uses the same memory; nothing is held then. */
export function hold(holder: Holder, reads: readonly Contiguous[], writes: readonly Contiguous[]): void {
  try {
    add(holder, reads, false);
    add(holder, writes, true);
  } catch (error) {
    letGo(holder, reads, writes); // what was never issued holds nothing
    throw error;
  }
}

/** Takes the marks back; twice is no mistake. */
export function letGo(holder: Holder, reads: readonly Contiguous[], writes: readonly Contiguous[]): void {
  for (let i = 0; i < reads.length; i++) drop(reads[i].buffer.holds, holder);
  for (let i = 0; i < writes.length; i++) drop(writes[i].buffer.holds, holder);
}

function add(holder: Holder, tensors: readonly Contiguous[], writes: boolean): void {
  for (let i = 0; i < tensors.length; i++) {
    const tensor = tensors[i];
    const mark = new TensorHold(holder, tensor, writes);
    if (tensor.buffer.holds.length > 0) tensor.buffer.checkHolds(mark.start, mark.end, writes, holder);
    tensor.buffer.holds.push(mark);
    if (writes) tensor.buffer.wrote();
  }
}

function drop(holds: Hold[], holder: Holder): void {
  if (holds.length === 1 && holds[0].work === holder) {
    holds.pop(); // nearly always: nobody else uses the buffer
    return;
  }
  for (let i = holds.length - 1; i >= 0; i--) if (holds[i].work === holder) holds.splice(i, 1);
}
