/**
 * Connections of a server, and which requests each has in flight. Node's `closeIdleConnections` leaves those that have never
 * sent anything, as browsers open them ahead of time: a server that is closed would wait a minute for each.
 */
import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Watches a server's connections. */
export class Connections {
  /** Answers that are not all sent, by connection. */
  readonly #open = new Map<Socket, Set<ServerResponse>>();

  constructor(server: Server) {
    server.on("connection", (socket: Socket) => {
      const responses = new Set<ServerResponse>();
      this.#open.set(socket, responses);
      socket.on("close", () => {
        this.#open.delete(socket);
        for (const response of responses) if (!response.socket) closeWaiting(response);
      });
    });
    server.on("request", ({ socket }, response) => {
      const responses = this.#open.get(socket);
      responses?.add(response);
      response.on("close", () => responses?.delete(response));
    });
  }

  /** Closes those without a request in flight. */
  closeIdle(): void {
    for (const [socket, { size }] of this.#open) if (size === 0) socket.destroy();
  }
}

/** An answer that waits behind another has no connection yet: when that is closed, Node tells the other one alone. */
function closeWaiting(response: ServerResponse): void {
  response.destroy();
  response.emit("close");
}
