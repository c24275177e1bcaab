/** What others wait for: something that will be finished. */

/** Something that will be finished, such as a Work or a place in a stream. */
export interface Completion {
  readonly done: boolean;
}

/** A Completion that a thread may block on. */
export interface Blockable extends Completion {
  /** Returns once `done`; throws if it can never be. */
  block(): void;
  /** A word in shared memory that becomes 1 when this is done, for streams with a thread of their own. */
  flag?(): number | undefined;
}
