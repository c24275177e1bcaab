/**
 * Matching of sends and receives at the receiver, shared by the transports whose ranks
 * see one memory. Messages of a pair with the same envelope match in the order they were
 * sent; the bytes are taken straight from the sender's memory, copied or combined.
 */
import type { KernelRuntime } from "../../device/index.ts";
import type { PacedLinks } from "./links.ts";
import { describeUnequal, MessageRequest } from "./message-request.ts";
import { addressOfSpan, combineInto, spanBytes } from "./span.ts";
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
  /** By sender: receives that wait, and messages that nobody asked for yet. Lists stay when they are empty. */
  readonly #posted = new Map<number, MessageRequest[]>();
  readonly #early = new Map<number, Arrival[]>();
  /** Receives that wait. */
  #waiting = 0;

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
    return this.#waiting > 0;
  }

  /** Calls back with each sender that a receive waits for. */
  expected(each: (from: number) => void): void {
    for (const [from, waiting] of this.#posted) if (waiting.length > 0) each(from);
  }

  /** Posts a receive; it may complete at once. */
  post(message: Message): Request {
    const receive = new MessageRequest(message);
    const early = this.#early.get(message.peer);
    if (early) {
      for (let i = 0; i < early.length; i++) {
        const arrival = early[i];
        if (!matches(message, arrival)) continue;
        remove(early, i);
        this.#take(receive, arrival);
        return receive;
      }
    }
    this.#wait(receive);
    return receive;
  }

  /** Hands over a message. */
  arrive(arrival: Arrival): void {
    const posted = this.#posted.get(arrival.from);
    if (posted) {
      for (let i = 0; i < posted.length; i++) {
        const receive = posted[i];
        if (!matches(receive.message, arrival)) continue;
        remove(posted, i);
        this.#waiting--;
        this.#take(receive, arrival);
        return;
      }
    }
    append(this.#early, arrival.from, arrival);
  }

  #wait(receive: MessageRequest): void {
    this.#waiting++;
    append(this.#posted, receive.peer, receive);
  }

  #take(receive: MessageRequest, arrival: Arrival): void {
    const { span, operation, combine, peer } = receive.message;
    const bytes = spanBytes(span);
    if (arrival.hash !== operation.hash || arrival.bytes !== bytes) {
      this.#fail({
        kind: "mismatch",
        by: this.#rank,
        detail: describeUnequal(receive.message, peer, this.#rank, arrival.bytes, bytes),
      });
      this.#wait(receive); // still, for the report
      return;
    }
    const start = this.#links?.now() ?? 0;
    if (combine) combineInto(this.#runtime, span, arrival.address, combine);
    else this.#runtime.copy(addressOfSpan(span), arrival.address, bytes);
    const arrive = (): void => {
      receive.finish();
      this.#acknowledge(arrival);
    };
    receive.meet();
    if (this.#links) this.#links.carry(arrival.from, bytes, start, arrive);
    else arrive();
  }
}

function matches(a: Envelope, b: Envelope): boolean {
  return a.group === b.group && a.channel === b.channel && a.tag === b.tag;
}

/** Takes an element out of a list that nearly always has this one only. */
function remove<T>(list: T[], at: number): void {
  if (list.length === 1) list.pop();
  else list.splice(at, 1);
}

function append<T>(map: Map<number, T[]>, key: number, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
