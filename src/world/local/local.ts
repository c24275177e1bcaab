/**
 * The local transport: all ranks as coroutines of one thread. A message is an entry in the
 * inbox of its receiver, who looks there when the hub gives it a turn; no byte moves before both
 * sides have come.
 */
import type { KernelRuntime } from "../../device/index.ts";
import type { PacedLinks } from "../core/links.ts";
import { type Arrival, Matcher } from "../core/matcher.ts";
import type { Operation } from "../core/operation.ts";
import { addressOfSpan, spanBytes } from "../core/span.ts";
import type { Failure, Message, RankState, Request, SharedGroup, Transport } from "../core/transport.ts";

/** What a rank of a local world needs of whoever gives the turns. */
export interface TurnGiver {
  readonly size: number;
  readonly runtime: KernelRuntime;
  /** The transport of a rank. */
  transportOf(rank: number): LocalTransport;
  /** A number that no group has. */
  takeId(): number;
  /** Says that a rank may be able to do something. */
  activate(rank: number): void;
  /** A collective begins on a rank. */
  announce(operation: Operation, by: number): void;
  /** Ends the job at the next turn, when the call that noticed has been recorded. */
  failNextTurn(failure: Failure): void;
  /** Ends the job: all ranks get one verdict. */
  fail(failure: Failure): void;
}

/** A rank of a local world, as messages see it. */
export class LocalTransport implements Transport {
  readonly name = "local";
  readonly rank: number;
  readonly links: PacedLinks | undefined;
  state: RankState = "running";
  /** What a failed rank threw. */
  error = "";
  readonly #hub: TurnGiver;
  readonly #matcher: Matcher;
  readonly #inbox: Arrival[] = [];
  readonly #sent = new Map<number, { done: boolean }>();
  #ticket = 0;

  constructor(hub: TurnGiver, rank: number, links?: PacedLinks) {
    this.#hub = hub;
    this.rank = rank;
    this.links = links;
    const acknowledge = (arrival: Arrival) => hub.transportOf(arrival.from).#taken(arrival.ticket);
    this.#matcher = new Matcher(rank, hub.runtime, acknowledge, (failure) => hub.failNextTurn(failure), links);
  }

  get size(): number {
    return this.#hub.size;
  }

  send({ peer, group, channel, tag, span, operation }: Message): Request {
    const request = { done: false, peer };
    const ticket = this.#ticket++;
    this.#sent.set(ticket, request);
    const address = addressOfSpan(span);
    const arrival = {
      from: this.rank,
      group,
      channel,
      tag,
      address,
      bytes: spanBytes(span),
      hash: operation.hash,
      ticket,
    };
    this.#hub.transportOf(peer).#inbox.push(arrival);
    this.#hub.activate(peer);
    return request;
  }

  recv(message: Message): Request {
    return this.#matcher.post(message);
  }

  progress(): boolean {
    return this.links?.progress() ?? false; // messages come by turns, in deliver()
  }

  announce(operation: Operation): void {
    this.#hub.announce(operation, this.rank);
  }

  sharedBytes(): number {
    return 0;
  }

  openShared(): SharedGroup {
    throw new Error("The local transport has no shared collectives.");
  }

  takeShared(): number {
    return 0;
  }

  takeId(): number {
    return this.#hub.takeId();
  }

  fail(failure: Failure): void {
    this.#hub.fail(failure);
  }

  /** Tells that this rank's program is over. */
  leave(state: RankState, error = ""): void {
    this.state = state;
    this.error = error;
    if (state === "failed") this.#hub.fail({ kind: "threw", by: this.rank, detail: error });
    else this.#hub.activate(this.rank);
  }

  get hasMail(): boolean {
    return this.#inbox.length > 0;
  }

  /** Hands over what has arrived; with a random source, some of it may come later. */
  deliver(random: (() => number) | undefined): boolean {
    const count = random ? Math.floor(random() * (this.#inbox.length + 1)) : this.#inbox.length;
    for (const arrival of this.#inbox.splice(0, count)) this.#matcher.arrive(arrival);
    return count > 0;
  }

  #taken(ticket: number): void {
    const request = this.#sent.get(ticket);
    if (!request) return;
    request.done = true;
    this.#sent.delete(ticket);
    this.#hub.activate(this.rank);
  }
}
