/**
 * The shared-memory transport: ranks are threads over one memory, and a receiver takes
 * the bytes straight from the sender's buffer (one copy, or none when it combines).
 *
 * A send puts a slot into the pair's ring: where the bytes lie and a ticket. The receiver
 * matches the slot (core/matcher.ts), takes the bytes and marks the ticket. A slot's words are plain;
 * its last one, S_COUNT, is stored atomically and publishes them. The sender clears a ticket, the
 * receiver sets it. Only a sleeper clears its own sleep flag.
 */
import { JOB_OWNER, type KernelRuntime } from "../../device/index.ts";
import type { PacedLinks } from "../core/links.ts";
import { type Arrival, Matcher } from "../core/matcher.ts";
import { MessageRequest } from "../core/message-request.ts";
import type { Operation } from "../core/operation.ts";
import { addressOfSpan, spanBytes } from "../core/span.ts";
import type { Failure, Message, RankState, Request, SharedGroup, Transport } from "../core/transport.ts";
import type { FromMonitor } from "../health/road.ts";
import { ShmCollectives } from "./shm-collectives.ts";
import { shmGroupBytes } from "./shm-group.ts";
import * as L from "./shm-layout.ts";

const states: readonly RankState[] = ["running", "finished", "failed"];

class Sending extends MessageRequest {
  #ticket = -1;

  get ticket(): number {
    return this.#ticket;
  }

  /** It is in a ring, and will be acknowledged by this ticket. */
  put(ticket: number): void {
    this.#ticket = ticket;
  }
}

export class ShmTransport implements Transport {
  readonly name = "shm";
  readonly rank: number;
  readonly size: number;
  readonly layout: L.ShmLayout;
  readonly links: PacedLinks | undefined;
  readonly #words: Int32Array;
  readonly #runtime: KernelRuntime;
  readonly #matcher: Matcher;
  /** By peer: messages put into the ring to it, and how many of them it was seen to have taken. */
  readonly #sentTo: Int32Array;
  readonly #takenBy: Int32Array;
  /** Sends whose slot is in a ring, and sends that wait for a free slot or ticket. */
  readonly #sent: Sending[] = [];
  readonly #queued: Sending[] = [];
  /** Whether something came out of a ring in this round. */
  #drained = false;
  readonly #drain = (from: number): void => {
    if (this.#drainRing(from)) this.#drained = true;
  };
  readonly #tickets: number[] = Array.from({ length: L.TICKETS }, (_, i) => L.TICKETS - 1 - i);
  #onFailure: (failure: Failure) => void = () => {};
  /** What the job's monitor said last, as far as this rank has heard. */
  #heard = 0;

  constructor(rank: number, layout: L.ShmLayout, runtime: KernelRuntime, links?: PacedLinks) {
    this.links = links;
    this.rank = rank;
    this.size = layout.size;
    this.#sentTo = new Int32Array(layout.size);
    this.#takenBy = new Int32Array(layout.size);
    this.layout = layout;
    this.#words = layout.words;
    this.#runtime = runtime;
    this.#matcher = new Matcher(
      rank,
      runtime,
      (arrival) => this.#acknowledge(arrival),
      (failure) => this.fail(failure),
      links,
    );
  }

  send(message: Message): Request {
    const sending = new Sending(message);
    if (this.#queued.length > 0 || !this.#push(sending)) this.#queued.push(sending);
    return sending;
  }

  recv(message: Message): Request {
    const request = this.#matcher.post(message);
    if (!request.done) this.#drainRing(message.peer);
    return request;
  }

  progress(): boolean {
    let moved = this.links?.progress() ?? false;
    if (this.#sent.length > 0 && this.#collectTickets()) moved = true;
    while (this.#queued.length > 0 && this.#push(this.#queued[0])) {
      this.#queued.shift();
      moved = true;
    }
    if (!this.#matcher.expecting) return moved;
    this.#drained = false;
    this.#matcher.expected(this.#drain);
    return moved || this.#drained;
  }

  announce({ group, seq, hash }: Operation): void {
    // A line with a version on both sides: a reader that meets a change looks again later.
    const at = this.layout.announced(this.rank);
    Atomics.add(this.#words, at, 1);
    this.#words[at + 1] = group.id;
    this.#words[at + 2] = seq;
    this.#words[at + 3] = hash;
    Atomics.add(this.#words, at, 1);
  }

  /** Whether `rank` was seen to start another collective than this one in its place. */
  contradicts(rank: number, { group, seq, hash }: Operation): boolean {
    const at = this.layout.announced(rank);
    const version = Atomics.load(this.#words, at);
    const same = this.#words[at + 1] === group.id && this.#words[at + 2] === seq;
    const differs = this.#words[at + 3] !== hash;
    return same && differs && (version & 1) === 0 && Atomics.load(this.#words, at) === version;
  }

  sharedBytes(members: number): number {
    return shmGroupBytes(members);
  }

  openShared(members: readonly number[], address: number): SharedGroup {
    return new ShmCollectives(this, this.#runtime, members, address);
  }

  takeShared(bytes: number): number {
    const { pool } = this.#runtime;
    const address = pool.take(JOB_OWNER, bytes);
    if (address === 0) {
      throw new Error(
        `No shared memory left for a group's ${bytes} bytes of control words. ` +
          "Destroy groups after their last use (group.destroy(), or using), or give the job more with --memory.",
      );
    }
    pool.memory.bytes(address + bytes).fill(0, address, address + bytes);
    return address;
  }

  takeId(): number {
    return Atomics.add(this.#words, L.NEXT_ID, 1) + 1;
  }

  stateOf(rank: number): RankState {
    return states[Atomics.load(this.#words, this.layout.rank(rank) + L.STATE)];
  }

  /** This rank's program is over. */
  leave(state: "finished" | "failed"): void {
    Atomics.store(this.#words, this.layout.rank(this.rank) + L.STATE, states.indexOf(state));
    this.layout.wakeAll();
  }

  /** Calls back when this rank has noticed why the job must end. */
  whenFailing(callback: (failure: Failure) => void): void {
    this.#onFailure = callback;
  }

  fail(failure: Failure): void {
    this.#onFailure(failure);
  }

  /** Whether the job's monitor has said something that this rank has not heard. */
  get called(): boolean {
    return this.layout.said !== this.#heard;
  }

  /** What the monitor says, each thing once. */
  take(): FromMonitor | undefined {
    const { said } = this.layout;
    if (said === this.#heard) return undefined;
    this.#heard = said;
    return this.layout.heard();
  }

  #push(sending: Sending): boolean {
    const { peer, span, group, channel, tag, operation } = sending.message;
    const words = this.#words;
    const ring = this.layout.ring(this.rank, peer);
    const sent = this.#sentTo[peer];
    if (((sent - this.#takenBy[peer]) | 0) >= L.SLOTS) {
      this.#takenBy[peer] = Atomics.load(words, ring + L.TAKEN);
      if (((sent - this.#takenBy[peer]) | 0) >= L.SLOTS) return false;
    }
    const ticket = this.#tickets.pop();
    if (ticket === undefined) return false;
    sending.put(ticket);
    words[this.layout.ticket(this.rank, ticket)] = 0; // seen before the slot, whose last word is stored in order
    const slot = this.layout.slot(ring, sent);
    words[slot + L.S_GROUP] = group;
    words[slot + L.S_CHANNEL] = channel;
    words[slot + L.S_TAG] = tag;
    words[slot + L.S_HASH] = operation.hash;
    words[slot + L.S_ADDRESS] = addressOfSpan(span);
    words[slot + L.S_BYTES] = spanBytes(span);
    words[slot + L.S_TICKET] = ticket;
    this.#sentTo[peer] = sent + 1;
    Atomics.store(words, slot + L.S_COUNT, this.#sentTo[peer]);
    this.#sent.push(sending);
    this.layout.wake(peer);
    return true;
  }

  #collectTickets(): boolean {
    const sent = this.#sent;
    let kept = 0;
    for (let i = 0; i < sent.length; i++) {
      const sending = sent[i];
      if (Atomics.load(this.#words, this.layout.ticket(this.rank, sending.ticket)) === 0) {
        if (kept < i) sent[kept] = sending;
        kept++;
      } else {
        this.#tickets.push(sending.ticket);
        sending.finish();
      }
    }
    if (kept === sent.length) return false;
    while (sent.length > kept) sent.pop(); // usually one: cheaper than setting the length
    return true;
  }

  #drainRing(from: number): boolean {
    const words = this.#words;
    const ring = this.layout.ring(from, this.rank);
    let taken = words[ring + L.TAKEN];
    let slot = this.layout.slot(ring, taken);
    let moved = false;
    while (Atomics.load(words, slot + L.S_COUNT) === ((taken + 1) | 0)) {
      moved = true;
      const arrival: Arrival = {
        from,
        group: words[slot + L.S_GROUP],
        channel: words[slot + L.S_CHANNEL],
        tag: words[slot + L.S_TAG],
        hash: words[slot + L.S_HASH],
        address: words[slot + L.S_ADDRESS] >>> 0,
        bytes: words[slot + L.S_BYTES] >>> 0,
        ticket: words[slot + L.S_TICKET],
      };
      taken = (taken + 1) | 0;
      slot = this.layout.slot(ring, taken);
      Atomics.store(words, ring + L.TAKEN, taken);
      this.layout.wake(from); // it may wait for a slot
      this.#matcher.arrive(arrival);
    }
    return moved;
  }

  #acknowledge({ from, ticket }: Arrival): void {
    Atomics.store(this.#words, this.layout.ticket(from, ticket), 1);
    this.layout.wake(from);
  }
}
