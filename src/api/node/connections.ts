/**
 * Connections of a server, and which of them have a request in flight. Node's `closeIdleConnections` leaves those that have never
 * sent anything, as browsers open them ahead of time: a server that is closed would wait a minute for each.
 */
import type { Server } from "node:http";
import type { Socket } from "node:net";

/** Watches a server's connections. */
export class Connections {
  /** Requests in flight, by connection. */
  readonly #open = new Map<Socket, number>();

  constructor(server: Server) {
    server.on("connection", (socket: Socket) => {
      this.#open.set(socket, 0);
      socket.on("close", () => this.#open.delete(socket));
    });
    server.on("request", ({ socket }, response) => {
      this.#add(socket, 1);
      response.on("close", () => this.#add(socket, -1));
    });
  }

  /** Closes those without a request in flight. */
  closeIdle(): void {
    for (const [socket, requests] of this.#open) if (requests === 0) socket.destroy();
  }

  #add(socket: Socket, change: number): void {
    const requests = this.#open.get(socket);
    if (requests !== undefined) this.#open.set(socket, requests + change);
  }
}
