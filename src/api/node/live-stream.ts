/** GET /live: frames as server-sent events to whoever watches. Frames are made only while somebody does. */
import type { ServerResponse } from "node:http";
import { ApiError } from "../errors.ts";
import type { LiveView } from "../live/view.ts";

/** Milliseconds between two frames. */
const EVERY = 100;
/** Frames without any change after which one is sent all the same: it says that the connection lives. */
const QUIET = 100;
/** Most that watch at a time. */
const WATCHERS = 16;

/** Those who watch a server. */
export class LiveStream {
  readonly #view: LiveView;
  readonly #watchers = new Set<ServerResponse>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #closed = false;
  #last = "";
  #quiet = 0;

  constructor(view: LiveView) {
    this.#view = view;
  }

  /** How many watch. */
  get size(): number {
    return this.#watchers.size;
  }

  /** @throws ApiError as check does. */
  add(response: ServerResponse, headers: Readonly<Record<string, string | string[] | number>>): void {
    this.check();
    response.writeHead(200, {
      ...headers,
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache",
      "x-accel-buffering": "no",
    });
    response.on("close", () => this.#remove(response));
    this.#watchers.add(response);
    if (!this.#timer) {
      this.#view.open();
      this.#timer = setInterval(() => this.#send(), EVERY);
    }
    this.#last = ""; // so that it has a frame soon, also where nothing happens
  }

  /** @throws ApiError 503 when too many watch, or the server is being closed. */
  check(): void {
    if (this.#closed) throw new ApiError(503, "This server is being closed.", { code: "closing" });
    if (this.#watchers.size < WATCHERS) return;
    throw new ApiError(503, `${WATCHERS} watch already, which is as many as can.`, { code: "too_many_watchers" });
  }

  /** Sends all of them away: a server that is closed does not wait for those who only watch. */
  close(): void {
    this.#closed = true;
    for (const response of this.#watchers) {
      response.end();
      this.#remove(response);
    }
  }

  #send(): void {
    const text = JSON.stringify(this.#view.frame());
    if (text === this.#last && ++this.#quiet < QUIET) return;
    this.#last = text;
    this.#quiet = 0;
    // Whoever reads slowly misses frames: none wait for them in memory.
    for (const response of this.#watchers) if (!response.writableNeedDrain) response.write(`data: ${text}\n\n`);
  }

  #remove(response: ServerResponse): void {
    if (!this.#watchers.delete(response) || this.#watchers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#view.close();
  }
}
