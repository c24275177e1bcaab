/**
 * Hierarchical allReduce: nodes are islands of fast links, joined by slow ones. So the tensor is
 * first reduced within each node, where every rank takes a piece; then equal pieces meet over the
 * slow links, as one ring for each place in a node ("rails"); then the pieces are handed out
 * within the node. Over the slow links goes 1 / (ranks of a node) of what a flat ring would send.
 */
import type { ReduceOp } from "../../device/index.ts";
import { cut, type Span, slice } from "../core/span.ts";
import type { Comm, Request, Steps } from "../core/transport.ts";
import { type Cost, cutBytes, type Problem } from "./cost.ts";
import { ringAllReduce, ringCost } from "./ring.ts";
import { subset } from "./subset.ts";

/** A rank's place: its node, and which of the node's ranks it is. */
interface NodePlace {
  readonly mates: readonly number[];
  readonly local: number;
  /** Pieces the tensor is cut into: as many as the smallest node has ranks. */
  readonly pieces: number;
  /** Ranks that hold the same piece, one of each node; empty if this one holds none. */
  readonly rail: readonly number[];
}

function placeOf(rank: number, nodes: readonly (readonly number[])[]): NodePlace {
  const mates = nodes.find((node) => node.includes(rank)) ?? [rank];
  const local = mates.indexOf(rank);
  const pieces = Math.min(...nodes.map((node) => node.length));
  return { mates, local, pieces, rail: local < pieces ? nodes.map((node) => node[local]) : [] };
}

/** allReduce in place. */
export function* hierarchicalAllReduce(comm: Comm, span: Span, operator: ReduceOp): Steps {
  const { mates, local, pieces, rail } = placeOf(comm.rank, comm.nodes);
  const at = cut(span.count, pieces);
  const piece = (i: number): Span => slice(span, at[i], at[i + 1]);

  const near = mates.length;
  const mate = (step: number): number => (local + step + near) % near;

  // Within the node: piece i to its i-th rank, which adds them up; in each step to another one.
  for (let step = 1; step < near; step++) {
    const to = mate(step);
    const requests: Request[] = [];
    if (to < pieces) requests.push(comm.send(mates[to], piece(to)));
    if (local < pieces) requests.push(comm.recvCombine(mates[mate(-step)], piece(local), operator));
    yield requests;
  }

  // Between the nodes: one ring for each piece.
  if (local < pieces) {
    yield* ringAllReduce(subset(comm, rail), piece(local), operator);
  }

  // Within the node: every rank gets every piece.
  const last: Request[] = [];
  for (let step = 1; step < near; step++) {
    const from = mate(-step);
    if (from < pieces) last.push(comm.recv(mates[from], piece(from)));
  }
  for (let step = 1; step < near && local < pieces; step++) last.push(comm.send(mates[mate(step)], piece(local)));
  yield last;
}

/** Two exchanges within the node, and a ring of the rail between them. */
export const hierarchicalCost: Cost = {
  sent(rank, problem) {
    const nodes = problem.nodes ?? [Array.from({ length: problem.size }, (_, i) => i)];
    const { mates, local, pieces, rail } = placeOf(rank, nodes);
    const bytes = cutBytes(problem.count, pieces, problem.itemBytes);
    const others = bytes.filter((_, i) => i !== local);
    const out = { messages: others.length, bytes: others.reduce((sum, b) => sum + b, 0) };
    if (local >= pieces) return out;
    const ring = ringCost.sent(rail.indexOf(rank), railProblem(problem, bytes[local], rail.length));
    return {
      messages: out.messages + ring.messages + mates.length - 1,
      bytes: out.bytes + ring.bytes + (mates.length - 1) * bytes[local],
    };
  },
  path(problem) {
    const nodes = problem.nodes ?? [Array.from({ length: problem.size }, (_, i) => i)];
    const pieces = Math.min(...nodes.map((node) => node.length));
    const largest = Math.max(...cutBytes(problem.count, pieces, problem.itemBytes));
    const mates = Math.max(...nodes.map((node) => node.length)) - 1;
    const ring = ringCost.path(railProblem(problem, largest, nodes.length));
    return { alphas: 2 * mates + ring.alphas, bytes: 2 * mates * largest + ring.bytes };
  },
};

function railProblem({ itemBytes }: Problem, bytes: number, size: number): Problem {
  return { size, count: bytes / itemBytes, itemBytes };
}
