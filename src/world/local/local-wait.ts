/** How a rank of a local world waits: the hub gives it turns. */
import type { WaitStrategy } from "../core/wait-strategy.ts";
import type { LocalTransport, TurnGiver } from "./local.ts";

export class LocalWait implements WaitStrategy {
  readonly spins = 0;
  readonly #hub: TurnGiver;
  readonly #transport: LocalTransport;

  constructor(hub: TurnGiver, transport: LocalTransport) {
    this.#hub = hub;
    this.#transport = transport;
  }

  start(): void {
    this.#hub.activate(this.#transport.rank);
  }

  storeChanged(): void {
    this.start();
  }

  leave(state: "finished" | "failed", error?: string): void {
    this.#transport.leave(state, error);
  }

  block(): never {
    throw new Error("Ranks that share a thread cannot block it: await the work, or let the stream wait.");
  }
}
