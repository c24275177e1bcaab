/**
 * Requests that are being answered, and how they end before they are done: they take too long, their client goes, or the server is
 * stopped. Whoever then does not even read what is left of the answer is cut off: nobody else would wait for them in vain.
 */
import type { ServerResponse } from "node:http";
import { type ApiError, ended } from "../errors.ts";

/** How long requests may take. */
export interface RequestTimes {
  /** Milliseconds after which a request is ended. */
  readonly timeout: number;
  /** Milliseconds between the end of a request and that of its connection, for who does not read. */
  readonly grace: number;
}

/** The requests. */
export class Requests {
  readonly #times: RequestTimes;
  /** What ends each of them. */
  readonly #open = new Set<(why: ApiError) => void>();

  constructor(times: RequestTimes) {
    this.#times = times;
  }

  /** One more. @returns what says that it has to end, with an ApiError as its reason. */
  begin(response: ServerResponse): AbortSignal {
    const over = new AbortController();
    const { timeout, grace } = this.#times;
    let cut: ReturnType<typeof setInterval> | undefined;
    const end = (why: ApiError): void => {
      over.abort(why);
      cut ??= setInterval(() => {
        if (response.headersSent) response.destroy();
      }, grace);
    };
    // A timer of its own, which ends with the request: those of AbortSignal.timeout stay until their time.
    const timer = setTimeout(() => end(ended.tooLong()), timeout);
    this.#open.add(end);
    response.on("close", () => {
      clearTimeout(timer);
      clearInterval(cut);
      this.#open.delete(end);
      over.abort(ended.gone());
    });
    return over.signal;
  }

  /** The server is stopped: all of them end now. */
  abort(): void {
    for (const end of this.#open) end(ended.stopped());
  }
}
