/**
 * Connections of a server, and the answers that each still owes. Node's `closeIdleConnections` leaves those that have never sent
 * anything, as browsers open them ahead of time: a server that is closed would wait a minute for each. And where a connection
 * ends, every answer hears of it, also one that had no turn yet, which Node does not tell.
 */
import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Watches a server's connections. */
export class Connections {
  readonly #open = new Map<Socket, Set<ServerResponse>>();

  constructor(server: Server) {
    server.on("connection", (socket: Socket) => {
      const answers = new Set<ServerResponse>();
      this.#open.set(socket, answers);
      socket.on("close", () => {
        this.#open.delete(socket);
        for (const answer of answers) end(answer);
      });
    });
    server.on("request", ({ socket }, response) => {
      const answers = this.#open.get(socket);
      answers?.add(response);
      response.on("close", () => answers?.delete(response));
    });
  }

  /** Closes those that owe no answer. */
  closeIdle(): void {
    for (const [socket, answers] of this.#open) if (answers.size === 0) socket.destroy();
  }
}

/** An answer whose connection has ended. */
function end(answer: ServerResponse): void {
  if (answer.destroyed) return; // Node has told it
  answer.destroy();
  answer.emit("close");
}
