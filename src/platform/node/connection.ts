/** Connections of this process: messages as JSON behind their length, over an authenticated socket. */
import type { Socket } from "node:net";
import type { Connection } from "../connection.ts";

/** Bytes of the longest message; a report of many operations has some 10 KB. */
const LONGEST = 8 * 2 ** 20;
/** Bytes of a message's length. */
const LENGTH = 4;
/** Bytes that may wait for a process that does not read. */
const BACKLOG = 64 * 2 ** 20;

export class SocketConnection implements Connection {
  readonly name: string;
  readonly #socket: Socket;
  #parts: Buffer[] = [];
  #have = 0;
  /** Bytes without which nothing can be done. */
  #need = LENGTH;
  #reason: string | undefined;
  #onMessage: (message: unknown) => void = () => {};
  #onClose: (reason: string) => void = () => {};

  /** @param socket after its handshake. */
  constructor(socket: Socket, name: string) {
    this.#socket = socket;
    this.name = name;
    socket.setNoDelay?.(true);
    socket.on("data", (bytes: Buffer) => this.#receive(bytes));
    socket.on("error", (error: NodeJS.ErrnoException) => this.#ended(error.code ?? error.message));
    socket.on("close", () => this.#ended("it was closed"));
    socket.resume();
  }

  listen(onMessage: (message: unknown) => void, onClose: (reason: string) => void = () => {}): void {
    this.#onMessage = onMessage;
    this.#onClose = onClose;
  }

  send(message: object): void {
    if (this.#socket.destroyed) return;
    const text = Buffer.from(JSON.stringify(message));
    if (text.length > LONGEST) {
      const type = String((message as { type?: unknown }).type);
      throw new RangeError(
        `A message of ${text.length} bytes (${type}) is longer than the ${LONGEST} that may be sent.`,
      );
    }
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    this.#socket.write(Buffer.concat([length, text]));
    if (this.#socket.writableLength > BACKLOG) this.#drop("the other side does not read");
  }

  close(): void {
    this.#reason ??= "this side closed it";
    this.#socket.destroySoon();
  }

  #receive(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.#have += bytes.length;
    while (this.#have >= this.#need && !this.#socket.destroyed) {
      const all = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts);
      const length = all.readUInt32BE(0);
      if (length > LONGEST) {
        this.#drop(`a message of ${length} bytes was announced`);
        return;
      }
      this.#need = LENGTH + length;
      this.#parts = [all];
      if (this.#have < this.#need) return;
      this.#parts = [all.subarray(this.#need)];
      this.#have -= this.#need;
      this.#need = LENGTH;
      this.#take(all.toString("utf8", LENGTH, LENGTH + length));
    }
  }

  #take(text: string): void {
    try {
      this.#onMessage(JSON.parse(text));
    } catch (error) {
      this.#drop(`a message made no sense: ${(error as Error).message}`);
    }
  }

  #drop(reason: string): void {
    this.#reason ??= reason;
    this.#socket.destroy();
  }

  #ended(reason: string): void {
    this.#socket.removeAllListeners("close");
    this.#onClose(this.#reason ?? reason);
  }
}
