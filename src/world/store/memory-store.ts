/** The store itself, in the memory of one process. */
import {
  limits,
  STORE_TIMEOUT,
  type Store,
  StoreClosedError,
  StoreLimitError,
  StoreTimeoutError,
  StoreValueError,
} from "./store.ts";

/** Most milliseconds that a timer takes. */
const LONGEST = 2 ** 31 - 1;

interface Waiter {
  /** Tries again. @returns whether its wait is over. */
  look(): boolean;
  /** Ends the wait in vain. */
  fail(error: Error): void;
}

export class MemoryStore implements Store {
  readonly #values = new Map<string, string>();
  readonly #waiters = new Set<Waiter>();
  readonly #barriers = new Map<string, { arrived: number; round: number }>();
  #bytes = 0;

  async set(key: string, value: string): Promise<void> {
    this.#put(key, value);
  }

  async get(key: string, timeout = STORE_TIMEOUT): Promise<string> {
    await this.wait([key], timeout);
    return this.#values.get(key) as string;
  }

  async wait(keys: readonly string[], timeout = STORE_TIMEOUT): Promise<void> {
    const missing = (): string[] => keys.filter((key) => !this.#values.has(key));
    await this.#until(
      () => missing().length === 0,
      timeout,
      () => `${list(missing())} got no value within ${timeout / 1e3} s.`,
    );
  }

  async add(key: string, amount: number): Promise<number> {
    const text = this.#values.get(key) ?? "0";
    const sum = Number(text) + amount;
    if (!/^-?\d+$/.test(text))
      throw new StoreValueError(`add needs a whole number, but ${list([key])} is ${cut(text)}.`);
    if (!Number.isSafeInteger(sum)) throw new StoreValueError(`add takes whole numbers, but was given ${amount}.`);
    this.#put(key, String(sum));
    return sum;
  }

  async compareSet(key: string, expected: string, desired: string): Promise<string> {
    const value = this.#values.get(key) ?? "";
    if (value !== expected) return value;
    this.#put(key, desired);
    return desired;
  }

  async delete(key: string): Promise<boolean> {
    this.#bytes -= this.#size(key);
    return this.#values.delete(key);
  }

  async barrier(name: string, count: number, timeout = STORE_TIMEOUT): Promise<void> {
    if (!Number.isInteger(count) || count < 1)
      throw new StoreValueError(`A barrier needs a count from 1, not ${count}.`);
    const barrier = this.#barriers.get(name) ?? { arrived: 0, round: 0 };
    this.#barriers.set(name, barrier);
    const { round } = barrier;
    barrier.arrived++;
    if (barrier.arrived >= count) {
      barrier.round++;
      barrier.arrived = 0;
    }
    const open = (): boolean => barrier.round !== round;
    this.#wake();
    try {
      await this.#until(
        open,
        timeout,
        () => `${barrier.arrived} of ${count} came to barrier ${cut(name)} in ${timeout / 1e3} s.`,
      );
    } catch (error) {
      barrier.arrived--; // whoever gives up does not count for those who come later
      throw error;
    }
  }

  /** Whoever still waits gets a StoreClosedError. */
  close(): void {
    for (const waiter of this.#waiters) waiter.fail(new StoreClosedError("The job is over, and its store with it."));
    this.#waiters.clear();
  }

  #put(key: string, value: string): void {
    if (key.length > limits.keyLength) {
      throw new StoreLimitError(`A key has at most ${limits.keyLength} characters, but ${cut(key)} has ${key.length}.`);
    }
    if (value.length > limits.valueLength) {
      throw new StoreLimitError(
        `A value has at most ${limits.valueLength} characters, but that of ${cut(key)} has ${value.length}. Send tensors through process groups.`,
      );
    }
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

  #until(condition: () => boolean, timeout: number, complaint: () => string): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const late = (): void => {
        this.#waiters.delete(waiter);
        reject(new StoreTimeoutError(complaint()));
      };
      const timer = setTimeout(late, Math.min(timeout, LONGEST));
      const waiter: Waiter = {
        look: () => {
          if (!condition()) return false;
          clearTimeout(timer);
          resolve();
          return true;
        },
        fail: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
      this.#waiters.add(waiter);
    });
  }
}

function list(keys: readonly string[]): string {
  const shown = keys.slice(0, 5).map(cut).join(", ");
  return `${keys.length > 1 ? "keys" : "key"} ${shown}${keys.length > 5 ? ` and ${keys.length - 5} more` : ""}`;
}

function cut(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
