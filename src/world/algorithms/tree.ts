/**
 * Binomial trees: ceil(log2 n) steps, each moving the whole buffer along one edge. Good
 * for small buffers; for large ones the root's neighbours move everything while the
 * leaves idle.
 *
 * Ranks are counted from the root. In the tree, the parent of v is v without its lowest
 * set bit, and its children are v + 1, v + 2, v + 4, … below that bit.
 */
import type { ReduceOp } from "../../device/index.ts";
import type { Span } from "../core/span.ts";
import type { Comm, Request, Steps } from "../core/transport.ts";
import { bytesOf, type Cost } from "./cost.ts";

interface Place {
  readonly parent: number | undefined;
  /** Nearest first. */
  readonly children: readonly number[];
}

/** Where a rank stands in the binomial tree of its group. */
export function binomialPlace(rank: number, size: number, root: number): Place {
  const v = (rank - root + size) % size;
  const lowest = v === 0 ? size : v & -v;
  const children: number[] = [];
  for (let bit = 1; bit < lowest && v + bit < size; bit *= 2) children.push((v + bit + root) % size);
  return { parent: v === 0 ? undefined : (v - lowest + root) % size, children };
}

/** The root's span goes to every rank's. The farthest child is served first. */
export function* treeBroadcast(comm: Comm, span: Span, root: number): Steps {
  const { parent, children } = binomialPlace(comm.rank, comm.size, root);
  if (parent !== undefined) yield comm.recv(parent, span);
  const sends: Request[] = [];
  for (const child of [...children].reverse()) sends.push(comm.send(child, span));
  yield sends;
}

/** Every rank's span is combined into the root's; the other ranks' spans are scrambled. */
export function* treeReduce(comm: Comm, span: Span, root: number, operator: ReduceOp): Steps {
  const { parent, children } = binomialPlace(comm.rank, comm.size, root);
  for (const child of children) yield comm.recvCombine(child, span, operator);
  if (parent !== undefined) yield comm.send(parent, span);
}

/** allReduce in place: reduce to rank 0, broadcast from it. */
export function* treeAllReduce(comm: Comm, span: Span, operator: ReduceOp): Steps {
  yield* treeReduce(comm, span, 0, operator);
  yield* treeBroadcast(comm, span, 0);
}

/** The whole tensor once up each edge, and once down. */
export const treeCost: Cost = {
  sent(rank, problem) {
    const { parent, children } = binomialPlace(rank, problem.size, 0);
    const messages = children.length + (parent === undefined ? 0 : 1);
    return { messages, bytes: messages * bytesOf(problem) };
  },
  path(problem) {
    const alphas = 2 * Math.ceil(Math.log2(problem.size));
    return { alphas, bytes: alphas * bytesOf(problem) };
  },
};
