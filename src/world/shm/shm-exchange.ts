/**
 * allGather and reduceScatter over shared memory: each member offers a part, and takes what it needs from
 * the others' where it lies, by one copy, or by one pass that reduces all of them in rank order.
 */
import type { Operation } from "../core/operation.ts";
import type { Exchange } from "../core/transport.ts";
import { ShmCollective } from "./shm-collective.ts";
import type { ShmGroup } from "./shm-group.ts";

export class ShmExchange extends ShmCollective {
  readonly #exchange: Exchange;

  constructor(group: ShmGroup, turn: number, operation: Operation, exchange: Exchange) {
    super(group, turn, operation, exchange.offer, exchange.largest <= group.slotBytes);
    this.#exchange = exchange;
  }

  protected move(): void {
    const { runtime, members } = this.group;
    this.#exchange.take(
      members.map((_, i) => this.placeOf(i)),
      runtime,
    );
  }

  protected readOf(member: number): number {
    return this.#exchange.readOf(member);
  }
}
