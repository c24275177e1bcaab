/** A place where processes of the job may call: strangers are dropped, counted, and told nothing. */
import { createServer, type Server, type Socket } from "node:net";
import { answer, HandshakeError, type Introduction } from "./handshake.ts";
import { longestSocketPath } from "./sockets.ts";
import type { System } from "./system.ts";

/** Callers that may be in the middle of their handshake; the oldest goes when more come. */
const WAITING_ROOM = 128;

export interface ListenerOptions {
  readonly secret: string;
  readonly generation: number | (() => number);
  /** A caller has proved to know the secret; it may not go on before this returns. */
  readonly before?: (socket: Socket, intro: Introduction) => void;
  /** A caller is welcome. */
  readonly onCall: (socket: Socket, intro: Introduction) => void;
  /** How many were dropped for which reason so far, after each one. */
  readonly onRefused?: (counts: Readonly<Record<string, number>>) => void;
}

export class Listener {
  readonly #server: Server;
  readonly #options: ListenerOptions;
  readonly #waiting = new Set<Socket>();
  readonly #refused: Record<string, number> = {};

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#server = createServer({ noDelay: true }, (socket) => void this.#admit(socket));
  }

  /** @param system where this is. @throws Error with the system's reason when nothing can listen there. */
  listen(at: { path: string } | { host: string; port: number }, system?: Pick<System, "platform">): Promise<number> {
    return new Promise((resolve, reject) => {
      const longest = longestSocketPath(system);
      const bytes = "path" in at ? Buffer.byteLength(at.path) : 0;
      if (bytes > (longest ?? 0)) {
        const most = longest === undefined ? "sockets have none here, only ports" : `a socket's has at most ${longest}`;
        reject(new Error(`the path has ${bytes} bytes, but ${most}`));
        return;
      }
      this.#server.once("error", reject);
      this.#server.listen({ ...at, backlog: 1024 }, () => {
        this.#server.off("error", reject);
        this.#server.on("error", () => {}); // out of descriptors for a moment: callers try again
        const address = this.#server.address();
        resolve(typeof address === "object" && address ? address.port : 0);
      });
    });
  }

  /** Callers that were dropped, by reason. */
  get refused(): Readonly<Record<string, number>> {
    return this.#refused;
  }

  /** Takes no more calls; those that are open stay. */
  close(): void {
    this.#server.close();
    for (const socket of this.#waiting) socket.destroy();
  }

  async #admit(socket: Socket): Promise<void> {
    const { secret, generation, before, onCall } = this.#options;
    this.#waiting.add(socket);
    if (this.#waiting.size > WAITING_ROOM) {
      const [oldest] = this.#waiting;
      oldest.destroy();
    }
    try {
      const current = typeof generation === "function" ? generation() : generation;
      const intro = await answer(socket, secret, current, (caller) => before?.(socket, caller));
      onCall(socket, intro);
    } catch (error) {
      socket.destroySoon();
      const kind = error instanceof HandshakeError ? error.kind : "failed";
      this.#refused[kind] = (this.#refused[kind] ?? 0) + 1;
      this.#options.onRefused?.(this.#refused);
    } finally {
      this.#waiting.delete(socket);
    }
  }
}
