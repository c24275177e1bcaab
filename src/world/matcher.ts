/**
 * Matching of sends and receives at the receiver, shared by the transports whose ranks
 * see one memory. Messages of a pair with the same envelope match in the order they were
 * sent; the bytes are taken straight from the sender's memory, copied or combined.
 */
import { addressOf, codeOf, type KernelRuntime, reduceOps } from "../device/index.ts";
import type { PacedLinks } from "./links.ts";
import { MessageRequest } from "./message-request.ts";
import { formatOperation, spanBytes } from "./operation.ts";
import type { Envelope, Failure, Message, Request } from "./transport.ts";

/** A send as it arrives at the receiver: where the bytes lie, and whom to tell. */
export interface Arrival extends Envelope {
  readonly from: number;
  readonly address: number;
  readonly bytes: number;
  /** Hash of the sender's operation. */
  readonly hash: number;
  /** Sender's number for the message, for the acknowledgement. */
  readonly ticket: number;
}

export class Matcher {
  readonly #rank: number;
  readonly #runtime: KernelRuntime;
  readonly #acknowledge: (arrival: Arrival) => void;
  readonly #fail: (failure: Failure) => void;
  readonly #links: PacedLinks | undefined;
  /** By sender: receives that wait, and messages that nobody asked for yet. */
  readonly #posted = new Map<number, MessageRequest[]>();
  readonly #early = new Map<number, Arrival[]>();

  /** @param acknowledge tells the sender that its bytes have been taken. */
  constructor(
    rank: number,
    runtime: KernelRuntime,
    acknowledge: (arrival: Arrival) => void,
    fail: (failure: Failure) => void,
    links?: PacedLinks,
  ) {
    this.#links = links;
    this.#rank = rank;
    this.#runtime = runtime;
    this.#acknowledge = acknowledge;
    this.#fail = fail;
  }

  /** Whether a receive waits. */
  get expecting(): boolean {
    return this.#posted.size > 0;
  }

  /** Senders that a receive waits for. */
  expected(): Iterable<number> {
    return this.#posted.keys();
  }

  /** Posts a receive; it may complete at once. */
  post(message: Message): Request {
    const receive = new MessageRequest(message);
    const early = this.#early.get(message.peer);
    const at = early?.findIndex((arrival) => matches(message, arrival)) ?? -1;
    if (early && at >= 0) {
      const [arrival] = early.splice(at, 1);
      if (early.length === 0) this.#early.delete(message.peer);
      this.#take(receive, arrival);
    } else append(this.#posted, message.peer, receive);
    return receive;
  }

  /** Hands over a message. */
  arrive(arrival: Arrival): void {
    const posted = this.#posted.get(arrival.from);
    const at = posted?.findIndex((receive) => matches(receive.message, arrival)) ?? -1;
    if (posted && at >= 0) {
      const [receive] = posted.splice(at, 1);
      if (posted.length === 0) this.#posted.delete(arrival.from);
      this.#take(receive, arrival);
    } else append(this.#early, arrival.from, arrival);
  }

  #take(receive: MessageRequest, arrival: Arrival): void {
    const { span, operation, combine, peer } = receive.message;
    const bytes = spanBytes(span);
    if (arrival.hash !== operation.hash || arrival.bytes !== bytes) {
      this.#fail({
        kind: "mismatch",
        by: this.#rank,
        detail:
          `rank ${this.#rank} expected ${bytes} bytes from rank ${peer} in ${formatOperation(operation)}, but ` +
          `rank ${peer} sent ${arrival.bytes} bytes. Both sides of an operation must agree on shape and dtype.`,
      });
      append(this.#posted, peer, receive); // still waiting, for the report
      return;
    }
    const target = addressOf(span.buffer) + span.offset;
    const start = this.#links?.now() ?? 0;
    if (combine) {
      const op = reduceOps[combine === "mean" ? "sum" : combine];
      this.#runtime.combine(op, codeOf(span.dtype), [target, arrival.address], [target], span.count);
    } else this.#runtime.copy(target, arrival.address, bytes);
    const arrive = (): void => {
      receive.done = true;
      this.#acknowledge(arrival);
    };
    receive.matched = true;
    if (this.#links) this.#links.carry(arrival.from, bytes, start, arrive);
    else arrive();
  }
}

function matches(a: Envelope, b: Envelope): boolean {
  return a.group === b.group && a.channel === b.channel && a.tag === b.tag;
}

function append<T>(map: Map<number, T[]>, key: number, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
