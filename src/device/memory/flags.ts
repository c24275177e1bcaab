/**
 * Words in shared memory by which a host tells streams that something is done. A flag is
 * used again only after every stream that was told to wait for it has passed.
 */
import type { SharedMemory } from "../../platform/memory.ts";
import type { Completion } from "../streams/completion.ts";

interface Used {
  readonly address: number;
  /** What must be done before the flag is used again. */
  readonly until: readonly Completion[];
}

export class Flags {
  readonly #memory: SharedMemory;
  readonly #more: () => { address: number; bytes: number };
  readonly #free: number[] = [];
  readonly #used: Used[] = [];

  /** @param more takes memory for further flags. */
  constructor(memory: SharedMemory, more: () => { address: number; bytes: number }) {
    this.#memory = memory;
    this.#more = more;
  }

  /** @returns the address of a word that is 0. */
  take(): number {
    for (let i = this.#used.length - 1; i >= 0; i--) {
      if (!this.#used[i].until.every(({ done }) => done)) continue;
      this.#free.push(this.#used[i].address);
      this.#used.splice(i, 1);
    }
    if (this.#free.length === 0) {
      const { address, bytes } = this.#more();
      for (let at = bytes - 64; at >= 0; at -= 64) this.#free.push(address + at); // a line each
    }
    const address = this.#free.pop() as number;
    Atomics.store(this.#memory.words(address, 1), 0, 0);
    return address;
  }

  /** Sets the word to 1 and wakes the streams that wait for it. */
  raise(address: number): void {
    const word = this.#memory.words(address, 1);
    Atomics.store(word, 0, 1);
    Atomics.notify(word, 0);
  }

  /** Lets a flag be taken again once all of `until` is done. */
  giveBack(address: number, until: readonly Completion[]): void {
    this.#used.push({ address, until });
  }
}
