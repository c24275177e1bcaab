/** The store itself, in the memory of one process. */
import { afterPatience } from "../../platform/patience.ts";
import { checkCall, cut, listKeys } from "./calls.ts";
import {
  limits,
  STORE_TIMEOUT,
  type Store,
  StoreClosedError,
  StoreLimitError,
  StoreTimeoutError,
  StoreValueError,
} from "./store.ts";

interface Waiter {
  /** Tries again. @returns whether its wait is over. */
  look(): boolean;
  /** Ends the wait in vain. */
  fail(error: Error): void;
}

/** Those who wait at a barrier, until as many have come as it takes. */
interface Round {
  readonly count: number;
  arrived: number;
  open: boolean;
}

export class MemoryStore implements Store {
  readonly #values = new Map<string, string>();
  readonly #waiters = new Set<Waiter>();
  readonly #rounds = new Map<string, Round>();
  #bytes = 0;
  #closed: Error | undefined;

  /** How many wait for something. */
  get waiting(): number {
    return this.#waiters.size;
  }

  async set(key: string, value: string): Promise<void> {
    checkCall({ method: "set", args: [key, value] });
    this.#put(key, value);
  }

  async get(key: string, timeout?: number): Promise<string> {
    checkCall({ method: "get", args: [key, timeout] });
    // The value is taken when it comes: a moment later somebody may have deleted it.
    return this.#until(
      () => this.#values.get(key),
      timeout,
      (after) => `${listKeys([key])} got no value ${after}.`,
    );
  }

  async wait(keys: readonly string[], timeout?: number): Promise<void> {
    checkCall({ method: "wait", args: [keys, timeout] });
    const wanted = [...keys];
    const missing = (): string[] => wanted.filter((key) => !this.#values.has(key));
    await this.#until(
      () => missing().length === 0 || undefined,
      timeout,
      (after) => `${listKeys(missing())} got no value ${after}.`,
    );
  }

  async add(key: string, amount: number): Promise<number> {
    checkCall({ method: "add", args: [key, amount] });
    const text = this.#values.get(key) ?? "0";
    if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(Number(text)))
      throw new StoreValueError(
        `its key should have a whole number as its value, but ${listKeys([key])} is ${cut(text)}.`,
      );
    const sum = Number(text) + amount;
    if (!Number.isSafeInteger(sum))
      throw new StoreValueError(
        `its sum should be a whole number of at most 2^53 - 1, but ${text} and ${amount} are more.`,
      );
    this.#put(key, String(sum));
    return sum;
  }

  async compareSet(key: string, expected: string, desired: string): Promise<string> {
    checkCall({ method: "compareSet", args: [key, expected, desired] });
    const value = this.#values.get(key) ?? "";
    if (value !== expected) return value;
    this.#put(key, desired);
    return desired;
  }

  async delete(key: string): Promise<boolean> {
    checkCall({ method: "delete", args: [key] });
    this.#bytes -= this.#size(key);
    return this.#values.delete(key);
  }

  async barrier(name: string, count: number, timeout?: number): Promise<void> {
    checkCall({ method: "barrier", args: [name, count, timeout] });
    const round = this.#rounds.get(name) ?? { count, arrived: 0, open: false };
    if (round.count !== count) {
      throw new StoreValueError(
        `its count should be ${round.count}, as the ranks that wait at barrier ${cut(name)} have said, but is ${count}.`,
      );
    }
    this.#rounds.set(name, round);
    round.arrived++;
    if (round.arrived === count) {
      round.open = true;
      this.#rounds.delete(name);
    }
    this.#wake();
    try {
      await this.#until(
        () => round.open || undefined,
        timeout,
        (after) => `${round.arrived} of ${count} reached barrier ${cut(name)} ${after}.`,
      );
    } catch (error) {
      round.arrived--; // whoever gives up does not count for those who come later
      if (round.arrived === 0) this.#rounds.delete(name);
      throw error;
    }
  }

  /** Nothing more will come: whoever waits, or comes to wait, gets an error; what is there can still be had. */
  close(reason = "The job is over, and its store with it."): void {
    this.#closed ??= new StoreClosedError(reason);
    for (const waiter of this.#waiters) waiter.fail(this.#closed);
    this.#waiters.clear();
  }

  #put(key: string, value: string): void {
    const bytes = this.#bytes - this.#size(key) + 2 * (key.length + value.length);
    if (bytes > limits.bytes || (!this.#values.has(key) && this.#values.size >= limits.keys)) {
      throw new StoreLimitError(`The store is full: ${this.#values.size} keys. Delete what is no longer needed.`);
    }
    this.#bytes = bytes;
    this.#values.set(key, value);
    this.#wake();
  }

  /** Bytes a key and its value take. */
  #size(key: string): number {
    const value = this.#values.get(key);
    return value === undefined ? 0 : 2 * (key.length + value.length);
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) if (waiter.look()) this.#waiters.delete(waiter);
  }

  /** Waits until an attempt gives something. @param complaint what to say when it does not. */
  #until<T>(attempt: () => T | undefined, timeout = STORE_TIMEOUT, complaint: (after: string) => string): Promise<T> {
    const first = attempt();
    if (first !== undefined) return Promise.resolve(first);
    if (this.#closed) return Promise.reject(this.#closed);
    return new Promise((resolve, reject) => {
      const giveUp = afterPatience(timeout, () => {
        this.#waiters.delete(waiter);
        reject(new StoreTimeoutError(complaint(`within ${timeout / 1e3} s`)));
      });
      const waiter: Waiter = {
        look: () => {
          const result = attempt();
          if (result === undefined) return false;
          giveUp();
          resolve(result);
          return true;
        },
        fail: (error) => {
          giveUp();
          reject(error);
        },
      };
      this.#waiters.add(waiter);
    });
  }
}
