/** Turns for the others of a thread's event loop, between two steps. */
import type { EventLoop } from "../../platform/platform.ts";

/** Pauses, one at a time. Those without a platform's own go by a channel, which is closed behind the last one. */
export class Pauses {
  readonly #channel: MessageChannel | undefined;
  readonly #macrotask: EventLoop["macrotask"];
  #step: () => void = () => {};

  /** @param macrotask of the platform; by messages of a channel if not given, as timers come late. */
  constructor(macrotask?: EventLoop["macrotask"]) {
    if (macrotask) {
      this.#macrotask = macrotask;
      return;
    }
    const { port1, port2 } = new MessageChannel();
    this.#channel = { port1, port2 };
    port1.onmessage = () => this.#step();
    this.#macrotask = (step) => {
      this.#step = step;
      port2.postMessage(undefined);
    };
  }

  /** The others have had a turn. */
  next(): Promise<void> {
    return new Promise((resolve) => this.#macrotask(resolve));
  }

  /** There are no more. */
  close(): void {
    this.#channel?.port1.close();
  }
}
