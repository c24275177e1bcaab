/** The I/O thread as the rank's thread sees it: mail over a message port, wires over descriptors or rings. */
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { RelayedWire } from "../../../platform/node/relay.ts";
import { SocketWire } from "../../../platform/node/wire.ts";
import type { Wire } from "../../../platform/wire.ts";
import type { FromIoThread, IoThread, StoreReply, ToIoThread } from "../../../world/index.ts";
import type { IoMessage, RankMessageToIo, WireHandle } from "./io-messages.ts";

export class IoPort implements IoThread {
  readonly #onStored: (id: number, reply: StoreReply) => void;
  readonly #port: MessagePort;
  /** Counts messages sent to this thread, so that an empty box is not looked into. */
  readonly #messageCount: Int32Array;
  readonly #wrap: (wire: Wire) => Wire;
  readonly #finishing = new Map<number, () => void>();
  readonly #relayed = new Map<number, RelayedWire>();
  readonly #news: FromIoThread[] = [];
  #taken = 0;
  #wake: () => void = () => {};
  #id = 0;

  /**
   * @param messageCount one word, shared with the main thread. @param onStored gets replies of the store.
   * @param wrap may put something before a wire.
   */
  constructor(
    port: MessagePort,
    messageCount: Int32Array,
    onStored: (id: number, reply: StoreReply) => void,
    wrap: (wire: Wire) => Wire,
  ) {
    this.#onStored = onStored;
    this.#port = port;
    this.#messageCount = messageCount;
    this.#wrap = wrap;
    port.on("message", (mail: IoMessage) => {
      this.#taken++;
      this.#deliver(mail);
      this.#wake();
    });
  }

  tell(message: ToIoThread): void {
    this.#post({ type: "told", message });
  }

  take(): FromIoThread | undefined {
    while (Atomics.load(this.#messageCount, 0) !== this.#taken) {
      const received = receiveMessageOnPort(this.#port) as { message: IoMessage } | undefined;
      if (!received) break; // counted, but not in the box yet
      this.#taken++;
      this.#deliver(received.message);
    }
    return this.#news.shift();
  }

  watch(wake: () => void): void {
    this.#wake = wake;
  }

  #deliver(mail: IoMessage): void {
    if (mail.type === "stored") this.#onStored(mail.id, mail.reply);
    else if (mail.type === "finished") {
      const done = this.#finishing.get(mail.id);
      this.#finishing.delete(mail.id);
      done?.();
    } else if (mail.type === "wire") {
      const { peer, role, handle } = mail;
      this.#news.push({ type: "wire", peer, role, wire: this.#wrap(this.#wire(handle)) });
    } else if (mail.type === "relayed") {
      if (mail.ended !== undefined) this.#relayed.get(mail.wire)?.end(mail.ended);
    } else this.#news.push(mail);
  }

  #wire({ wire, rings }: WireHandle): Wire {
    const finish = (bytes: Uint8Array, done: () => void): void => {
      const id = ++this.#id;
      this.#finishing.set(id, done);
      this.#post({ type: "finish", id, wire, bytes });
    };
    if (!rings) return new SocketWire(wire, finish);
    const relayed = new RelayedWire(rings, () => this.#post({ type: "look", wire }), finish);
    this.#relayed.set(wire, relayed);
    return relayed;
  }

  #post(mail: RankMessageToIo): void {
    this.#port.postMessage(mail);
  }
}
