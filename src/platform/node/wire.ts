/**
 * Wires over the sockets of this process. The thread that looks after connections opens
 * and authenticates a socket, then hands its descriptor to the rank's thread. That one
 * reads and writes it directly while it polls: a message there and back takes a third of
 * the time that two event loops need. Only when it goes to sleep does its own event loop
 * watch the descriptor, and what the socket did not take is written by the other thread.
 *
 * Two threads then hold one descriptor, so neither may close it: its number could be given
 * to another connection while the other thread still uses it. It closes with the process.
 */
import { readSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import type { Wire } from "../wire.ts";

/** Most bytes of one system call: Node's lengths have 31 bits. */
const MOST = 2 ** 30;
/** Bytes that the event loop reads before the rank looks by itself. */
const FIRST = 512;

/** The fields of a socket's handle that Node does not document; checked before use. */
interface Handle {
  readonly fd: number;
  reading: boolean;
  readStop(): number;
}

/**
 * Takes a connected socket out of its event loop's care.
 * @returns its descriptor.
 * @throws Error where it has none, though the system should have given it one.
 */
export function detach(socket: Socket): number {
  const handle = (socket as unknown as { _handle?: Handle })._handle;
  if (!handle || typeof handle.fd !== "number" || handle.fd < 0) {
    throw new Error("This system gave a socket no file descriptor; run ranks as threads: --transport shm.");
  }
  socket.pause();
  handle.readStop();
  handle.reading = true; // so that the stream does not start reading again
  keepOpen(socket);
  return handle.fd;
}

/** A socket that ends or fails would close its descriptor; this one leaves it to the process. */
function keepOpen(socket: Socket): void {
  socket._destroy = (error, callback) => callback(error);
}

/** @param finish has the other thread write bytes that the socket did not take. */
export class SocketWire implements Wire {
  broken: string | undefined;
  readonly #fd: number;
  readonly #finish: (source: Uint8Array, done: () => void) => void;
  #finishing = false;
  #socket: Socket | undefined;
  #wake: () => void = () => {};
  /** What the event loop has read and `read` has not taken. */
  #stash: Uint8Array = new Uint8Array(0);

  constructor(fd: number, finish: (source: Uint8Array, done: () => void) => void) {
    this.#fd = fd;
    this.#finish = finish;
  }

  read(target: Uint8Array): number {
    const stashed = this.#stash.length > 0 ? this.#unstash(target) : 0;
    if (this.broken || stashed === target.length) return stashed;
    const count = quietly(() => readSync(this.#fd, part(target, stashed)));
    if (typeof count !== "number") return stashed + this.#failed(count);
    if (count === 0) this.#break("it was closed");
    return stashed + count;
  }

  write(source: Uint8Array): number {
    if (this.broken || this.#finishing) return 0;
    const count = quietly(() => writeSync(this.#fd, part(source)));
    return typeof count === "number" ? count : this.#failed(count);
  }

  finish(source: Uint8Array, done: () => void): void {
    this.#finishing = true;
    this.#finish(source, () => {
      this.#finishing = false;
      done();
    });
  }

  watch(wake: () => void): void {
    this.#wake = wake;
    if (this.#socket) return;
    const buffer = new Uint8Array(FIRST);
    const callback = (count: number): boolean => {
      const more = new Uint8Array(this.#stash.length + count);
      more.set(this.#stash);
      more.set(buffer.subarray(0, count), this.#stash.length);
      this.#stash = more;
      this.#wake();
      return true;
    };
    const options = { fd: this.#fd, readable: true, writable: true, allowHalfOpen: true, onread: { buffer, callback } };
    this.#socket = new Socket(options);
    keepOpen(this.#socket);
    this.#socket.on("end", () => this.#break("it was closed"));
    this.#socket.on("error", (error: NodeJS.ErrnoException) => this.#break(error.code ?? error.message));
    this.#socket.resume();
    this.#socket.unref(); // the rank's thread lives as long as its program, not as its wires
  }

  #unstash(target: Uint8Array): number {
    const part = this.#stash.subarray(0, target.length);
    target.set(part);
    this.#stash = this.#stash.subarray(part.length);
    return part.length;
  }

  #failed({ code, message }: NodeJS.ErrnoException): 0 {
    if (code !== "EAGAIN") this.#break(code ?? message);
    return 0;
  }

  #break(reason: string): void {
    if (this.broken) return;
    this.broken = reason;
    this.#wake();
  }
}

/** As much of some bytes as one system call takes. */
export function part(bytes: Uint8Array, from = 0, most = MOST): Uint8Array {
  return from === 0 && bytes.length <= most ? bytes : bytes.subarray(from, Math.min(bytes.length, from + most));
}

/**
 * Nothing to read is an exception to Node, and usual here: it is made without a stack,
 * which takes a third off its price.
 */
function quietly(body: () => number): number | NodeJS.ErrnoException {
  const limit = Error.stackTraceLimit;
  Reflect.set(Error, "stackTraceLimit", 0); // where a program is locked up, that stays what it is
  try {
    return body();
  } catch (error) {
    return error as NodeJS.ErrnoException;
  } finally {
    Reflect.set(Error, "stackTraceLimit", limit);
  }
}
