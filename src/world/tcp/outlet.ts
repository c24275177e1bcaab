/**
 * The sending side of an ordered pair of ranks: matches sends with the receives that the
 * peer says are ready, in the order of both, and writes their bytes.
 */
import type { Wire } from "../../platform/wire.ts";
import type { MessageRequest } from "../core/message-request.ts";
import type { Message } from "../core/transport.ts";
import { DATA, encodeFrame, type Frame, FrameReader, FrameWriter, HEAD } from "./frames.ts";

/** Payloads up to so many bytes are copied behind their head and leave in one write. */
const SMALL = 4096;

/** What an outlet needs of its transport. */
export interface OutletHost {
  /** The bytes of a message's span. */
  view(message: Message): Uint8Array;
  /** A receive and a send have met that do not fit each other. */
  mismatch(sending: MessageRequest, ready: Frame): void;
  /** All bytes have been written; `start` is when they began to be. */
  sent(sending: MessageRequest, start: number): void;
  now(): number;
}

export class Outlet {
  #wire: Wire | undefined;
  readonly #host: OutletHost;
  readonly #reader = new FrameReader((frame) => this.#ready(frame));
  readonly #writer = new FrameWriter();
  /** Sends and receives that have not met. */
  readonly #sends: MessageRequest[] = [];
  readonly #readies: Frame[] = [];
  #unfinished = 0;

  constructor(host: OutletHost) {
    this.#host = host;
  }

  /** Whether something here waits for the peer or for the wire. */
  get busy(): boolean {
    return this.#sends.length > 0 || this.#unfinished > 0;
  }

  send(sending: MessageRequest): void {
    const at = this.#readies.findIndex((ready) => matches(sending.message, ready));
    if (at < 0) this.#sends.push(sending);
    else this.#start(sending, this.#readies.splice(at, 1)[0]);
  }

  /** Why its wire is broken, if it is. */
  get broken(): string | undefined {
    return this.#wire?.broken;
  }

  /** Calls back when there is something to read. */
  watch(wake: () => void): void {
    this.#wire?.watch(wake);
  }

  /** Its wire is there, or is lost. */
  open(wire: Wire | undefined): void {
    this.#wire = wire;
  }

  progress(): boolean {
    const wire = this.#wire;
    if (!wire) return false;
    let moved = this.#writer.pending && this.#writer.write(wire);
    if (this.#sends.length > 0 && this.#reader.read(wire)) moved = true;
    return moved;
  }

  /** Lets others write what the wire does not take now. */
  handOver(): void {
    if (this.#wire && this.#writer.pending) this.#writer.handOver(this.#wire);
  }

  #ready(frame: Frame): undefined {
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
    const frame = { ...ready, type: DATA, count: this.#writer.nextCount() };
    const small = view.length <= SMALL;
    const head = encodeFrame(frame, small ? view.length : 0);
    if (small) head.set(view, HEAD);
    this.#writer.push(head, small ? sent : undefined);
    if (!small) this.#writer.push(view, sent);
    if (this.#wire) this.#writer.write(this.#wire);
  }
}

function matches({ group, channel, tag }: Message, ready: Frame): boolean {
  return ready.group === group && ready.channel === channel && ready.tag === tag;
}
