/** What an operation is asked to do, and how it is carried out once its turn has come. */
import type { Operation } from "./operation.ts";
import type { Contiguous } from "./span.ts";
import type { Request, SharedCollective, Steps } from "./transport.ts";

/** How an operation is carried out: by one message, by the steps of an algorithm, or over shared memory. */
export type Plan = Request | Steps | SharedCollective;

/** What an operation is asked to do. */
export interface Task<T> {
  /** What the operation reads and writes; nobody else may, in conflict with it, until it is waited for. */
  readonly reads: readonly Contiguous[];
  readonly writes: readonly Contiguous[];
  /** What `await` gives, or how to make it. */
  readonly output?: T;
  readonly value?: () => T;
}

/** Makes the plan of an operation, once its turn has come. */
export interface Planner {
  begin(task: Task<unknown>, operation: Operation): Plan;
}

/** Whether one request, or each of several, is done. */
export function allDone(pending: Request | readonly Request[]): boolean {
  if (!Array.isArray(pending)) return (pending as Request).done;
  for (const request of pending as readonly Request[]) if (!request.done) return false;
  return true;
}
