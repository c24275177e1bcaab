/**
 * One-shot allReduce: every rank sends everything to every rank and adds up by itself. One step
 * of latency, (n - 1) times the bytes: for the smallest tensors, and where peers' memory can be
 * read directly (shm/shm-group.ts does this without messages).
 */
import type { ReduceOp } from "../../device/index.ts";
import type { Span } from "../core/span.ts";
import type { Comm, Request, Steps } from "../core/transport.ts";
import { bytesOf, type Cost } from "./cost.ts";

/** allReduce in place; every rank combines in rank order, so all get the same bits. */
export function* oneShotAllReduce(comm: Comm, span: Span, operator: ReduceOp): Steps {
  const { rank, size } = comm;
  const incoming: Span[] = [];
  const requests: Request[] = [];
  for (let step = 1; step < size; step++) {
    const from = (rank - step + size) % size;
    incoming[from] = comm.scratch(span.count, span.dtype);
    requests.push(comm.recv(from, incoming[from]));
  }
  for (let step = 1; step < size; step++) requests.push(comm.send((rank + step) % size, span));
  yield requests;
  incoming[rank] = comm.scratch(span.count, span.dtype);
  comm.copy(incoming[rank], span);
  comm.copy(span, incoming[0]);
  for (let from = 1; from < size; from++) comm.combine(span, incoming[from], operator);
}

/** n - 1 messages of everything, one after the other out of each rank. */
export const oneShotCost: Cost = {
  sent: (_, problem) => ({ messages: problem.size - 1, bytes: (problem.size - 1) * bytesOf(problem) }),
  path: (problem) => ({ alphas: problem.size - 1, bytes: (problem.size - 1) * bytesOf(problem) }),
};
