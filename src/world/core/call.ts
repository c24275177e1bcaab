/** A call of one of a group's operations: what it asks for, and how it is carried out. */
import type { Operation, OperationCall } from "./operation.ts";
import type { Task } from "./plan.ts";
import type { Span } from "./span.ts";
import type { Comm, Exchange, Request, Steps, Transport } from "./transport.ts";

export interface Call<T> extends Task<T>, OperationCall {
  /** The algorithm. @param transport what new groups are made with. */
  readonly steps: (comm: Comm, operation: Operation, transport: Transport) => Steps;
  /** In place of steps: starts the one message that it is; undefined if nobody has to wait for it. */
  readonly message?: (comm: Comm) => Request | undefined;
  /** Given where this is to be reduced in place in the group's shared memory; a span without elements is a barrier. */
  readonly shared?: Span;
  /** Given where the group's members are to read each other's parts in shared memory. */
  readonly exchange?: Exchange;
  /** Arguments of the group's method, for doing it in another thread. */
  readonly args: readonly unknown[];
  /** Takes what the operation gives besides its tensors, when it was done in another thread. */
  readonly receive?: (result: unknown) => void;
}
