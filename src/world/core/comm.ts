/** The Comm of one operation: translates group ranks, and owns the operation's scratch memory. */
import { type Buffer, codeOf, type Device, type ReduceOp, sizeOf } from "../../device/index.ts";
import type { EagerSends } from "./eager.ts";
import type { Journal } from "./journal.ts";
import { type LinkCost, plainLink } from "./links.ts";
import type { Operation } from "./operation.ts";
import { addressOfSpan, combineInto, type Span, spanBytes } from "./span.ts";
import type { Comm, Request, Transport } from "./transport.ts";

/** What an operation needs of its rank. */
export interface CommOptions {
  readonly transport: Transport;
  readonly device: Device;
  readonly eager: EagerSends;
  /** By world rank: the number of its node. */
  readonly nodes: readonly number[];
  readonly journal: Journal;
}

export class GroupComm implements Comm {
  readonly rank: number;
  readonly size: number;
  readonly #transport: Transport;
  readonly #device: Device;
  readonly #operation: Operation;
  readonly #eager: EagerSends;
  readonly #nodes: readonly number[];
  readonly #journal: Journal;
  #scratch: Buffer[] | undefined;
  /** Where somebody records: the messages so far, and those that were waited for since the last one. */
  readonly #posted: Request[] = [];
  #waited: number[] = [];

  constructor({ transport, device, eager, nodes, journal }: CommOptions, operation: Operation, rank: number) {
    this.#transport = transport;
    this.#device = device;
    this.#eager = eager;
    this.#nodes = nodes;
    this.#journal = journal;
    this.#operation = operation;
    this.rank = rank;
    this.size = operation.group.ranks.length;
  }

  get link(): LinkCost {
    return this.#transport.links?.cost ?? plainLink;
  }

  get nodes(): readonly (readonly number[])[] {
    const found = new Map<number, number[]>();
    this.#operation.group.ranks.forEach((world, rank) => {
      const node = this.#nodes[world] ?? 0;
      const mates = found.get(node);
      if (mates) mates.push(rank);
      else found.set(node, [rank]);
    });
    return [...found.values()];
  }

  send(to: number, span: Span): Request {
    return this.#keep(this.#transport.send(this.#message("send", to, span)));
  }

  sendCopy(to: number, span: Span): void {
    const buffer = this.#device.allocBeside(spanBytes(span), "scratch");
    const copy = { ...span, buffer, offset: 0 };
    this.copy(copy, span);
    this.#eager.add(this.#operation, this.#keep(this.#transport.send(this.#message("send", to, copy))), buffer);
  }

  recv(from: number, span: Span): Request {
    return this.#keep(this.#transport.recv(this.#message("recv", from, span)));
  }

  recvCombine(from: number, span: Span, operator: ReduceOp): Request {
    return this.#keep(this.#transport.recv(this.#message("recv", from, span, operator)));
  }

  copy(target: Span, source: Span): void {
    if (addressOfSpan(target) === addressOfSpan(source)) return; // in place
    this.#device.runtime.copy(addressOfSpan(target), addressOfSpan(source), spanBytes(source));
  }

  combine(target: Span, source: Span, operator: ReduceOp): void {
    combineInto(this.#device.runtime, target, addressOfSpan(source), operator);
  }

  widen(target: Span, source: Span, divisor: number): void {
    this.#device.runtime.exports.widen(
      codeOf(source.dtype),
      addressOfSpan(source),
      addressOfSpan(target),
      source.count,
      divisor,
    );
  }

  narrow(target: Span, source: Span, divisor: number): void {
    this.#device.runtime.exports.narrow(
      codeOf(target.dtype),
      addressOfSpan(source),
      addressOfSpan(target),
      target.count,
      divisor,
    );
  }

  scratch(count: number, dtype: Span["dtype"]): Span {
    const buffer = this.#device.allocBeside(count * sizeOf(dtype), "scratch");
    this.#scratch ??= [];
    this.#scratch.push(buffer);
    return { buffer, offset: 0, count, dtype };
  }

  peek(span: Span): Uint8Array {
    return this.#device.peek(span, spanBytes(span));
  }

  poke(span: Span, bytes: Uint8Array): void {
    const at = addressOfSpan(span);
    this.#device.runtime.pool.memory.bytes(at + bytes.length).set(bytes, at);
  }

  /** Its operation has waited for these messages. */
  waitedFor(requests: Request | readonly Request[]): void {
    if (!this.#journal.recorded) return;
    for (const each of [requests].flat() as Request[]) {
      const place = this.#posted.indexOf(each);
      if (place >= 0) this.#waited.push(place);
    }
  }

  /** Frees the scratch memory. */
  close(): void {
    for (const buffer of this.#scratch ?? []) buffer.release();
    this.#scratch = undefined;
  }

  #keep(request: Request): Request {
    if (this.#journal.recorded) this.#posted.push(request);
    return request;
  }

  #message(way: "send" | "recv", to: number, span: Span, combine?: ReduceOp) {
    const { group, seq, tag } = this.#operation;
    const peer = group.ranks[to];
    const posted = this.#journal.recorded ? { span, waited: this.#waited } : undefined;
    this.#journal.message(way, this.#operation, peer, spanBytes(span), posted);
    if (this.#waited.length > 0) this.#waited = [];
    return {
      peer,
      group: group.id,
      channel: seq,
      tag: tag ?? 0,
      span,
      operation: this.#operation,
      combine,
    };
  }
}
