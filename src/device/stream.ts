/**
 * A stream runs its entries in the order they were given. Programs can tell the bodies
 * apart by time only:
 *   inline    runs each entry at once, in the thread that launches it;
 *   deferred  queues entries and runs them when somebody drains it, which is how many
 *             ranks share one thread.
 */

/** Something that will be finished, such as a Work or a position in a stream. */
export interface Completion {
  readonly done: boolean;
}

/** A Completion that a thread may block on. */
export interface Blockable extends Completion {
  /** Returns once `done`; throws if it can never be. */
  block(): void;
}

export interface Stream {
  readonly mode: "inline" | "deferred";
  /** Adds an entry. */
  run(entry: () => void): void;
  /** Entries added later run only after `completion` is done. */
  waitFor(completion: Blockable): void;
  /** The current end of the stream, as a Completion. */
  record(): Completion;
  /** Resolves when everything added so far has run. */
  synchronize(): Promise<void>;
  /** Whether a host waits in `synchronize`. */
  readonly awaited: boolean;
}

const done: Completion = { done: true };

/** Runs entries immediately. */
export class InlineStream implements Stream {
  readonly mode = "inline";
  readonly awaited = false;

  run(entry: () => void): void {
    entry();
  }

  waitFor(completion: Blockable): void {
    completion.block();
  }

  record(): Completion {
    return done;
  }

  async synchronize(): Promise<void> {}
}

/** Runs entries when drained. */
export class DeferredStream implements Stream {
  readonly mode = "deferred";
  readonly #queue: ((() => void) | Completion)[] = [];
  readonly #schedule: () => void;
  readonly #waiting: { position: number; resolve: () => void }[] = [];
  #added = 0;
  #passed = 0;

  /** @param schedule asks for a `drain` soon. */
  constructor(schedule: () => void) {
    this.#schedule = schedule;
  }

  run(entry: () => void): void {
    this.#add(entry);
  }

  waitFor(completion: Blockable): void {
    if (!completion.done) this.#add(completion);
  }

  record(): Completion {
    const position = this.#added;
    const passed = (): boolean => this.#passed >= position;
    return {
      get done() {
        return passed();
      },
    };
  }

  async synchronize(): Promise<void> {
    if (this.#passed >= this.#added) return;
    await new Promise<void>((resolve) => {
      this.#waiting.push({ position: this.#added, resolve });
      this.#schedule();
    });
  }

  get awaited(): boolean {
    return this.#waiting.length > 0;
  }

  /** Runs entries until the queue is empty or must wait. @returns whether any ran. */
  drain(): boolean {
    const before = this.#passed;
    while (this.#queue.length > 0) {
      const entry = this.#queue[0];
      if (typeof entry === "function") entry();
      else if (!entry.done) break;
      this.#queue.shift();
      this.#passed++;
    }
    while (this.#waiting.length > 0 && this.#waiting[0].position <= this.#passed) this.#waiting.shift()?.resolve();
    return this.#passed > before;
  }

  #add(entry: (() => void) | Completion): void {
    this.#queue.push(entry);
    this.#added++;
    this.#schedule();
  }
}
