/**
 * Wires where sockets have no descriptors (Windows): the thread that looks after connections
 * reads and writes the socket for the rank's thread, through two rings in shared memory. A message
 * takes two more steps than by a descriptor, and nothing else differs.
 */
import type { Socket } from "node:net";
import type { Wire } from "../wire.ts";
import { ByteRing, READER, WRITER } from "./byte-ring.ts";
import { part } from "./wire.ts";

/** Bytes that leave in one piece. */
const PIECE = 64 * 1024;

/** Shared memory for both directions of a wire. */
export function newRings(): SharedArrayBuffer {
  return new SharedArrayBuffer(2 * ByteRing.bytes);
}

/** The rings of a wire, as the rank's thread calls them. */
function ringsIn(memory: SharedArrayBuffer): { readonly incoming: ByteRing; readonly outgoing: ByteRing } {
  return { incoming: new ByteRing(memory, 0), outgoing: new ByteRing(memory, ByteRing.bytes) };
}

/** The side of the thread that has the socket. */
export class Relay {
  readonly #socket: Socket;
  readonly #incoming: ByteRing;
  readonly #outgoing: ByteRing;
  readonly #tell: (ended?: string) => void;
  /** What has come and found no room. The socket rests meanwhile. */
  #rest: Uint8Array | undefined;
  /** The socket has as much to write as it takes. */
  #full = false;
  #reason: string | undefined;

  /**
   * Takes a connected socket.
   * @param tell lets the rank's thread know that something has come, or why nothing more will.
   */
  constructor(socket: Socket, rings: SharedArrayBuffer, tell: (ended?: string) => void) {
    this.#socket = socket;
    this.#tell = tell;
    const { incoming, outgoing } = ringsIn(rings);
    this.#incoming = incoming;
    this.#outgoing = outgoing;
    socket.on("data", (bytes: Uint8Array) => this.#take(bytes));
    socket.on("drain", () => {
      this.#full = false;
      this.#drain();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => this.#end(error.code ?? error.message));
    socket.on("close", () => this.#end("it was closed"));
    socket.resume();
    this.#drain();
  }

  /** The rank's thread has written, or has made room. */
  look(): void {
    if (this.#rest) this.#take(this.#rest);
    this.#drain();
  }

  /** Writes bytes of the rank's in the background, behind what it has written before. */
  write(bytes: Uint8Array, done: (error?: Error | null) => void): void {
    while (this.#outgoing.length > 0) this.#send();
    this.#socket.write(bytes, done);
  }

  #take(bytes: Uint8Array): void {
    let from = this.#incoming.write(bytes);
    if (from < bytes.length) {
      this.#incoming.ask(WRITER);
      from += this.#incoming.write(bytes.subarray(from));
    }
    const done = from === bytes.length;
    if (!done) this.#socket.pause();
    else if (this.#rest) this.#socket.resume();
    this.#rest = done ? undefined : bytes.subarray(from);
    if (this.#incoming.wasAsked(READER)) this.#tell();
    if (done && this.#reason !== undefined) this.#tell(this.#reason);
  }

  #drain(): void {
    while (!this.#full) {
      if (this.#outgoing.length === 0) {
        this.#outgoing.ask(READER);
        if (this.#outgoing.length === 0) return;
      }
      this.#full = !this.#send();
    }
  }

  /** @returns whether the socket takes more. */
  #send(): boolean {
    const piece = new Uint8Array(Math.min(PIECE, this.#outgoing.length));
    this.#outgoing.read(piece);
    return this.#socket.write(piece);
  }

  #end(reason: string): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    if (!this.#rest) this.#tell(reason); // else when that has found room
  }
}

/** The side of the rank's thread. */
export class RelayedWire implements Wire {
  /** What had come before is still read. */
  broken: string | undefined;
  readonly #incoming: ByteRing;
  readonly #outgoing: ByteRing;
  readonly #look: () => void;
  readonly #finish: (source: Uint8Array, done: () => void) => void;
  #finishing = false;

  /** @param look has the other thread look at the rings. @param finish has it write bytes that are not in them. */
  constructor(rings: SharedArrayBuffer, look: () => void, finish: (source: Uint8Array, done: () => void) => void) {
    const { incoming, outgoing } = ringsIn(rings);
    this.#incoming = incoming;
    this.#outgoing = outgoing;
    this.#look = look;
    this.#finish = finish;
    incoming.ask(READER);
  }

  read(target: Uint8Array): number {
    let count = this.#incoming.read(target);
    if (count < target.length) {
      this.#incoming.ask(READER);
      count += this.#incoming.read(part(target, count));
    }
    if (count > 0 && this.#incoming.wasAsked(WRITER)) this.#look();
    return count;
  }

  write(source: Uint8Array): number {
    if (this.broken || this.#finishing) return 0;
    const count = this.#outgoing.write(source);
    if (this.#outgoing.wasAsked(READER)) this.#look();
    return count;
  }

  finish(source: Uint8Array, done: () => void): void {
    this.#finishing = true;
    this.#finish(source, () => {
      this.#finishing = false;
      done();
    });
  }

  /** Whatever the other thread tells wakes this one by itself. */
  watch(): void {}

  /** Nothing more will come or go. */
  end(reason: string): void {
    this.broken ??= reason;
  }
}
