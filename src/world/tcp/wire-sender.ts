/**
 * The sending side of an ordered pair of ranks: matches sends with the receives that the
 * peer says are ready, in the order of both, and writes their bytes.
 */
import type { Wire } from "../../platform/wire.ts";
import type { MessageRequest } from "../core/message-request.ts";
import type { Message } from "../core/transport.ts";
import { DATA, encodeFrame, type Frame, HEAD } from "./frames.ts";
import { Side } from "./side.ts";

/** Payloads up to this many bytes are copied behind their head and leave in one write. */
const SMALL = 4096;

/** What a sender needs of its transport. */
export interface SenderHost {
  /** The bytes of a message's span. */
  view(message: Message): Uint8Array;
  /** A receive and a send have met that do not fit each other. */
  mismatch(sending: MessageRequest, ready: Frame): void;
  /** All bytes have been written; `start` is when they began to be. */
  sent(sending: MessageRequest, start: number): void;
  now(): number;
}

/** Sends to one peer. */
export class WireSender extends Side {
  readonly #host: SenderHost;
  /** Sends and receives that have not met. */
  readonly #sends: MessageRequest[] = [];
  readonly #readies: Frame[] = [];
  #unfinished = 0;

  constructor(host: SenderHost) {
    super();
    this.#host = host;
  }

  get busy(): boolean {
    return this.#sends.length > 0 || this.#unfinished > 0;
  }

  send(sending: MessageRequest): void {
    const at = this.#readies.findIndex((ready) => matches(sending.message, ready));
    if (at < 0) this.#sends.push(sending);
    else this.#start(sending, this.#readies.splice(at, 1)[0]);
  }

  protected read(wire: Wire): boolean {
    return this.#sends.length > 0 && this.reader.read(wire);
  }

  protected take(frame: Frame): undefined {
    const at = this.#sends.findIndex(({ message }) => matches(message, frame));
    if (at < 0) this.#readies.push(frame);
    else this.#start(this.#sends.splice(at, 1)[0], frame);
  }

  #start(sending: MessageRequest, ready: Frame): void {
    const view = this.#host.view(sending.message);
    if (ready.hash !== sending.message.operation.hash || ready.bytes !== view.length) {
      this.#sends.push(sending); // still waiting, for the report
      this.#host.mismatch(sending, ready);
      return;
    }
    sending.meet();
    this.#unfinished++;
    const start = this.#host.now();
    const sent = (): void => {
      this.#unfinished--;
      this.#host.sent(sending, start);
    };
    const frame = { ...ready, type: DATA, count: this.writer.nextCount() };
    const small = view.length <= SMALL;
    const head = encodeFrame(frame, small ? view.length : 0);
    if (small) head.set(view, HEAD);
    this.writer.push(head, small ? sent : undefined);
    if (!small) this.writer.push(view, sent);
    this.flush();
  }
}

function matches({ group, channel, tag }: Message, ready: Frame): boolean {
  return ready.group === group && ready.channel === channel && ready.tag === tag;
}
