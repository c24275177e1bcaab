/**
 * A Wire is a byte stream to another process that can be read and written without
 * waiting. Transports put their messages on it; how to wait is the driver's business.
 */

export interface Wire {
  /** Why nothing more will come or go; undefined while the wire is whole. */
  readonly broken: string | undefined;
  /**
   * Takes what has arrived. @returns bytes put into `target`; fewer than there is room for
   * means that there are no more now, and 0 also that the wire is broken.
   */
  read(target: Uint8Array): number;
  /** Gives what the wire takes now. @returns bytes taken from `source`, 0 if there is no room or the wire is broken. */
  write(source: Uint8Array): number;
  /**
   * Writes all of `source` in the background, also while this thread computes; until that
   * is done, `write` takes nothing. The bytes must stay as they are.
   */
  finish(source: Uint8Array, done: () => void): void;
  /** While the thread is in its event loop: calls `wake` when bytes have arrived or the wire broke. */
  watch(wake: () => void): void;
}
