/**
 * A small key-value table of strings that all ranks of a job share, as torch.distributed's
 * TCPStore: for rendezvous, for counting, for telling each other addresses. Tensors do not
 * belong here.
 *
 * Calls of one rank are carried out in the order they were made, on every transport.
 */

/** Limits that keep one rank from filling the memory of the process that keeps the store. */
export const limits = {
  keyLength: 1024,
  valueLength: 1 << 20,
  keys: 100_000,
  bytes: 256 << 20,
  /** Keys of one wait, and their characters together. */
  waitKeys: 10_000,
  waitLength: 1 << 20,
} as const;

/** A key-value table of strings that all ranks of a job share: for rendezvous and counting, not for tensors. As torch.distributed's stores. */
export interface Store {
  /** @throws StoreLimitError for keys or values that are too long, or too many. */
  set(key: string, value: string): Promise<void>;
  /**
   * The value of a key, once it has one.
   * @param timeout milliseconds; Infinity for as long as the job runs. @throws StoreTimeoutError when it has none in time.
   */
  get(key: string, timeout?: number): Promise<string>;
  /** Resolves when all keys have values at the same time. @throws StoreTimeoutError that names the missing ones. */
  wait(keys: readonly string[], timeout?: number): Promise<void>;
  /** Adds a whole number to a counter that starts at 0. @returns the sum. @throws StoreValueError if the value is not a whole number. */
  add(key: string, amount: number): Promise<number>;
  /**
   * Sets a key to `desired` if its value is `expected` (empty: or if it has none).
   * @returns its value afterwards; empty if it has none.
   */
  compareSet(key: string, expected: string, desired: string): Promise<string>;
  /** @returns whether the key had a value. */
  delete(key: string): Promise<boolean>;
  /**
   * Resolves when `count` callers have come to the barrier of this name, which is then new again.
   * @throws StoreValueError when those who wait there have given another count.
   */
  barrier(name: string, count: number, timeout?: number): Promise<void>;
}

/** Milliseconds that get, wait and barrier wait if nothing else is said. */
export const STORE_TIMEOUT = 300_000;

export class StoreError extends Error {
  override readonly name: string = "StoreError";
}
/** What was waited for did not come in time. */
export class StoreTimeoutError extends StoreError {
  override readonly name = "StoreTimeoutError";
}
/** The value is not of the kind the operation needs. */
export class StoreValueError extends StoreError {
  override readonly name = "StoreValueError";
}
/** A key or value is too long, or the store is full. */
export class StoreLimitError extends StoreError {
  override readonly name = "StoreLimitError";
}
/** The process that keeps the store cannot be reached any more. */
export class StoreClosedError extends StoreError {
  override readonly name = "StoreClosedError";
}

/** Makes the error of a name again that came as text. */
export function storeError(name: string, message: string): StoreError {
  const kinds = [StoreTimeoutError, StoreValueError, StoreLimitError, StoreClosedError];
  const kind = kinds.find((candidate) => candidate.name === name) ?? StoreError;
  return new kind(message);
}
