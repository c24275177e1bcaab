/**
 * The transport between processes: every ordered pair of ranks that talks has a wire of
 * its own, opened when its receiver first wants something. On one host wires are Unix
 * sockets, between hosts TCP; the rank's thread reads and writes them directly, straight
 * from and into tensors. Where the system does not let it, the I/O thread does so for it.
 */
import type { KernelRuntime } from "../../device/index.ts";
import type { PacedLinks } from "../core/links.ts";
import { describeUnequal, MessageRequest } from "../core/message-request.ts";
import { spanBytes, viewOf } from "../core/span.ts";
import type { Failure, Message, Request, SharedGroup, Transport } from "../core/transport.ts";
import type { RankWatch } from "../health/rank-watch.ts";
import type { Frame } from "./frames.ts";
import type { FromIoThread, IoThread } from "./io-thread.ts";
import type { Side } from "./side.ts";
import { type ReceiverHost, WireReceiver } from "./wire-receiver.ts";
import { type SenderHost, WireSender } from "./wire-sender.ts";

/** The pool's owner number for a transport's memory. */
const OWNER = 64_000;
/** Bytes that wait to be combined: they should still be in the cache when they are. */
const STAGING = 256 * 1024;

export interface TcpOptions {
  readonly rank: number;
  readonly size: number;
  readonly runtime: KernelRuntime;
  readonly io: IoThread;
  readonly links?: PacedLinks;
}

/** Who looks after a transport: the rank's watch. */
export type TcpListener = Pick<RankWatch, "fail" | "broken" | "hear">;

export class TcpTransport implements Transport, ReceiverHost, SenderHost {
  readonly name = "tcp";
  readonly rank: number;
  readonly size: number;
  readonly runtime: KernelRuntime;
  readonly stagingBytes = STAGING;
  readonly links: PacedLinks | undefined;
  #listener: TcpListener = { fail() {}, broken() {}, hear() {} };
  readonly #io: IoThread;
  readonly #receivers = new Map<number, WireReceiver>();
  readonly #senders = new Map<number, WireSender>();
  #staging = 0;
  #failure: Failure | undefined;
  #groups = 0;

  constructor({ rank, size, runtime, io, links }: TcpOptions) {
    this.rank = rank;
    this.size = size;
    this.runtime = runtime;
    this.links = links;
    this.#io = io;
  }

  /** From now on, this one hears what goes wrong. */
  listen(listener: TcpListener): void {
    this.#listener = listener;
  }

  send(message: Message): Request {
    const sending = new MessageRequest(message);
    const sender = this.#sender(message.peer);
    sender.send(sending);
    if (!sending.done) this.#guard(message.peer, sender);
    return sending;
  }

  recv(message: Message): Request {
    const receiving = new MessageRequest(message);
    const receiver = this.#receiver(message.peer);
    receiver.receive(receiving);
    return receiving;
  }

  progress(): boolean {
    let moved = this.links?.progress() ?? false;
    if (this.#failure) this.#listener.fail(this.#failure);
    for (let news = this.#io.take(); news; news = this.#io.take()) {
      if (news.type === "wire") this.#open(news);
      else this.#listener.hear(news);
      moved = true;
    }
    for (const [peer, sender] of this.#senders) if (sender.busy && this.#guard(peer, sender)) moved = true;
    for (const [peer, receiver] of this.#receivers) if (receiver.busy && this.#guard(peer, receiver)) moved = true;
    return moved;
  }

  /** Nothing to do here: idle ranks report to the coordinator, which compares. */
  announce(): void {}

  sharedBytes(): number {
    return 0;
  }

  openShared(): SharedGroup {
    throw new Error("Ranks of separate processes share no memory.");
  }

  takeShared(): number {
    return 0;
  }

  /** Ranks count for themselves, each in steps of the world's size. */
  takeId(): number {
    return 1 + this.rank + this.size * this.#groups++;
  }

  /** The job ends at the next progress, when the call that noticed has been recorded. */
  fail(failure: Failure): void {
    this.#failure ??= failure;
  }

  /** The rank's thread goes to sleep: the event loop watches the wires, the I/O thread writes what is left. */
  sleep(wake: () => void): void {
    for (const side of [...this.#senders.values(), ...this.#receivers.values()]) if (side.busy) side.watch(wake);
    this.handOver();
  }

  /** Lets the I/O thread write what the wires do not take now. */
  handOver(): void {
    for (const sender of this.#senders.values()) sender.handOver();
    for (const receiver of this.#receivers.values()) receiver.handOver();
  }

  view({ span }: Message): Uint8Array {
    return viewOf(this.runtime, span);
  }

  staging(): number {
    if (this.#staging === 0) this.#staging = this.runtime.pool.need(OWNER, STAGING, `${STAGING} bytes of staging`);
    return this.#staging;
  }

  now(): number {
    return this.links?.now() ?? 0;
  }

  sent(sending: MessageRequest, start: number): void {
    this.#arrive(sending, start, 2 * sending.peer);
  }

  received(receiving: MessageRequest, start: number): void {
    receiving.meet();
    this.#arrive(receiving, start, 2 * receiving.peer + 1);
  }

  mismatch({ message }: MessageRequest, ready: Frame): void {
    const detail = describeUnequal(message, this.rank, message.peer, spanBytes(message.span), ready.bytes);
    this.fail({ kind: "mismatch", by: this.rank, detail });
  }

  /** @param link links out of this rank have even numbers, those into it odd ones. */
  #arrive(request: MessageRequest, start: number, link: number): void {
    const arrive = (): void => {
      request.finish();
    };
    if (!this.links) {
      arrive();
      return;
    }
    this.links.carry(link, spanBytes(request.message.span), start, arrive);
  }

  #receiver(peer: number): WireReceiver {
    let receiver = this.#receivers.get(peer);
    if (!receiver) {
      receiver = new WireReceiver(this);
      this.#receivers.set(peer, receiver);
      this.#io.tell({ type: "connect", peer });
    }
    return receiver;
  }

  #sender(peer: number): WireSender {
    let sender = this.#senders.get(peer);
    if (!sender) {
      sender = new WireSender(this);
      this.#senders.set(peer, sender);
    }
    return sender;
  }

  #open({ peer, role, wire }: Extract<FromIoThread, { type: "wire" }>): void {
    const side = role === "in" ? this.#receiver(peer) : this.#sender(peer);
    side.open(wire);
    side.progress();
  }

  /** Lets a side do what it can. A wire that is broken, or speaks nonsense, is reported once. */
  #guard(peer: number, side: Side): boolean {
    try {
      const moved = side.progress();
      const { broken } = side;
      if (!moved && broken) this.#lose(peer, side, broken);
      return moved;
    } catch (error) {
      this.#lose(peer, side, (error as Error).message);
      return true;
    }
  }

  #lose(peer: number, side: Side, reason: string): void {
    const inside = side instanceof WireReceiver && side.inside ? " in the middle of a message" : "";
    side.open(undefined);
    this.#listener.broken(peer, reason + inside);
  }
}
