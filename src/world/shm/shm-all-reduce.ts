/**
 * allReduce over shared memory, without messages: "one-shot" and "two-shot" as inference
 * engines call their custom all-reduce kernels.
 *
 *   one-shot  (small) every rank copies its data to a slot that all see, and combines all
 *             slots when the last has arrived: one synchronisation.
 *   two-shot  (large) every rank combines one slice of every rank's tensor, where it lies,
 *             and stores the result in every rank's: two synchronisations, no extra memory.
 *
 * Both combine in rank order, so all ranks get the same bits.
 */
import { codeOf, reduceOps, sizeOf } from "../../device/index.ts";
import type { Cost } from "../algorithms/cost.ts";
import type { Operation, Operator } from "../core/operation.ts";
import { addressOfSpan, type Span, spanBytes } from "../core/span.ts";
import { ShmCollective } from "./shm-collective.ts";
import { LINE, type ShmGroup, slotBytes } from "./shm-group.ts";

export class ShmAllReduce extends ShmCollective {
  readonly #op: number;
  readonly #divisor: number;

  constructor(group: ShmGroup, turn: number, operation: Operation, span: Span, operator: Operator) {
    super(group, turn, operation, span, spanBytes(span) <= group.slotBytes);
    this.#op = reduceOps[operator === "mean" ? "sum" : operator];
    this.#divisor = operator === "mean" ? group.members.length : 1;
  }

  protected move(): void {
    if (this.small) this.#combineSlots();
    else this.#combineSlice();
  }

  /** One-shot reads every rank's tensor; two-shot reads a slice of each and writes the result back. */
  protected readOf(): number {
    const count = this.small ? this.span.count : this.#slice().count;
    return count * sizeOf(this.span.dtype);
  }

  protected override get written(): number | undefined {
    return this.small ? undefined : this.readOf();
  }

  #combineSlots(): void {
    const { group, span } = this;
    if (span.count === 0) return;
    const slots = group.slots[this.turn & 1];
    group.runtime.combine(this.#op, codeOf(span.dtype), slots, [addressOfSpan(span)], span.count, this.#divisor);
  }

  #combineSlice(): void {
    const { group, span } = this;
    const { from, count } = this.#slice();
    if (count === 0) return;
    const offset = from * sizeOf(span.dtype);
    const places = group.members.map((_, i) => this.placeOf(i) + offset);
    group.runtime.combine(this.#op, codeOf(span.dtype), places, places, count, this.#divisor);
  }

  /** The elements that this rank reduces for all. */
  #slice(): { from: number; count: number } {
    return sliceOf(this.span.count, this.group.members.length, this.group.me);
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
