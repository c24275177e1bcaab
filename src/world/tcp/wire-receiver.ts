/**
 * The receiving side of an ordered pair of ranks: tells the peer which receives are ready
 * and puts the bytes that answer them where they belong, combining them on the way if asked.
 */
import { type KernelRuntime, sizeOf } from "../../device/index.ts";
import type { Wire } from "../../platform/wire.ts";
import type { MessageRequest } from "../core/message-request.ts";
import { combineInto, slice, spanBytes, viewOf } from "../core/span.ts";
import type { Message } from "../core/transport.ts";
import { DATA, encodeFrame, type Frame, READY, type Sink } from "./frames.ts";
import { Side } from "./side.ts";

/** What a receiver needs of its transport. */
export interface ReceiverHost {
  readonly runtime: KernelRuntime;
  /** Memory where bytes wait to be combined: its address. */
  staging(): number;
  readonly stagingBytes: number;
  /** All bytes have come; `start` is when the first did. */
  received(receiving: MessageRequest, start: number): void;
  now(): number;
}

/** Receives from one peer. */
export class WireReceiver extends Side {
  readonly #host: ReceiverHost;
  readonly #posted = new Map<number, MessageRequest>();
  /** Whose bytes are coming. */
  #coming: MessageRequest | undefined;
  #id = 0;

  constructor(host: ReceiverHost) {
    super();
    this.#host = host;
  }

  get busy(): boolean {
    return this.#posted.size > 0;
  }

  /** Whether a message has come in part. */
  get inside(): boolean {
    return this.reader.inside;
  }

  receive(receiving: MessageRequest): void {
    const { group, channel, tag, operation, span } = receiving.message;
    const id = (this.#id = (this.#id + 1) | 0);
    this.#posted.set(id, receiving);
    const count = this.writer.nextCount();
    const bytes = spanBytes(span);
    this.writer.push(encodeFrame({ type: READY, group, channel, tag, hash: operation.hash, bytes, id, count }));
    this.flush();
  }

  protected read(wire: Wire): boolean {
    const moved = this.busy && this.reader.read(wire);
    if (moved) this.#coming?.advance();
    return moved;
  }

  protected take({ type, id, bytes, hash }: Frame): Sink | undefined {
    const receiving = this.#posted.get(id);
    const { span, operation, combine } = receiving?.message ?? {};
    if (type !== DATA || !receiving || !span || spanBytes(span) !== bytes || operation?.hash !== hash) {
      throw new Error(`the stream is damaged: ${bytes} bytes came for receive ${id}, which did not ask for them`);
    }
    const start = this.#host.now();
    this.#coming = receiving;
    const done = (): void => {
      this.#coming = undefined;
      this.#posted.delete(id);
      this.#host.received(receiving, start);
    };
    if (bytes === 0) {
      done();
      return undefined;
    }
    return combine ? new CombiningSink(this.#host, receiving.message, done) : new PlainSink(this.#host, span, done);
  }
}

/** Puts bytes straight into the tensor. */
class PlainSink implements Sink {
  readonly #view: Uint8Array;
  readonly #done: () => void;
  #have = 0;

  constructor({ runtime }: ReceiverHost, span: Message["span"], done: () => void) {
    this.#view = viewOf(runtime, span);
    this.#done = done;
  }

  room(): Uint8Array {
    return this.#have === 0 ? this.#view : this.#view.subarray(this.#have);
  }

  filled(count: number): void {
    this.#have += count;
    if (this.#have === this.#view.length) this.#done();
  }
}

/** Combines bytes with the tensor as they come, a piece that fits the cache at a time. */
class CombiningSink implements Sink {
  readonly #host: ReceiverHost;
  readonly #message: Message;
  readonly #done: () => void;
  readonly #total: number;
  /** Bytes combined, and bytes in the staging memory that are not. */
  #combined = 0;
  #staged = 0;
  /** Elements come whole, except where the wire cut one: its first bytes wait here while others use the memory. */
  readonly #cut = new Uint8Array(8);

  constructor(host: ReceiverHost, message: Message, done: () => void) {
    this.#host = host;
    this.#message = message;
    this.#done = done;
    this.#total = spanBytes(message.span);
  }

  room(): Uint8Array {
    const { staging, stagingBytes, runtime } = this.#host;
    const left = this.#total - this.#combined;
    if (left === 0) return this.#cut.subarray(0, 0);
    const from = staging.call(this.#host);
    const memory = runtime.pool.memory.bytes(from + stagingBytes);
    for (let i = 0; i < this.#staged; i++) memory[from + i] = this.#cut[i];
    return memory.subarray(from + this.#staged, from + Math.min(stagingBytes, left));
  }

  filled(count: number): void {
    const { runtime } = this.#host;
    const { span, combine = "sum" } = this.#message;
    const from = this.#host.staging();
    const have = this.#staged + count;
    const elements = Math.floor(have / sizeOf(span.dtype));
    const whole = elements * sizeOf(span.dtype);
    const first = this.#combined / sizeOf(span.dtype);
    if (elements > 0) combineInto(runtime, slice(span, first, first + elements), from, combine);
    this.#combined += whole;
    this.#staged = have - whole;
    const memory = runtime.pool.memory.bytes(from + have);
    for (let i = 0; i < this.#staged; i++) this.#cut[i] = memory[from + whole + i];
    if (this.#combined === this.#total) this.#done();
  }
}
