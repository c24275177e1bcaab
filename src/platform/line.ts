/**
 * A line from any thread of a job to the one that opens it, beside the way from each thread to the
 * one that has started it. Its far end is given to a thread among what it is started with.
 */

/** The far end, as it travels: a message port. */
export type LineEnd = object;

interface MessagePortLike {
  onmessage: ((event: { data: unknown }) => void) | null;
  postMessage(message: unknown): void;
  close(): void;
  /** In Node: it is no reason to go on. */
  unref?(): void;
}

/** @param onMessage hears what is said at the far end, in its order. */
export function openLine<T>(onMessage: (message: T) => void): { readonly end: LineEnd; close(): void } {
  const { port1, port2 } = new MessageChannel();
  const port = port1 as unknown as MessagePortLike;
  port.onmessage = ({ data }) => onMessage(data as T);
  port.unref?.();
  return { end: port2, close: () => port.close() };
}

/** Says something at the far end. */
export function sayAt(end: LineEnd, message: unknown): void {
  (end as MessagePortLike).postMessage(message);
}
