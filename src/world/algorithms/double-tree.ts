/**
 * Double binary tree allReduce (Sanders, Speck and Träff, 2009; NCCL since 2.4). In one binary
 * tree, half of the ranks are leaves and send little. So there are two trees, in which nearly
 * every rank is a leaf of one and an inner rank of the other; each reduces and broadcasts half
 * of the tensor, cut into pieces that follow each other. Latency grows with log2 n like a
 * tree's, and every rank moves about twice the tensor, like in a ring.
 *
 * A rank has two messages to send and two to receive for each piece, and can do one of each at a
 * time: so edges have two colours, which take turns (double-tree-rounds.ts). Children are added in
 * the order of their rounds, so that the result does not depend on timing.
 */
import { type ReduceOp, sizeOf } from "../../device/index.ts";
import { type LinkCost, plainLink } from "../core/links.ts";
import { cut, type Span, slice } from "../core/span.ts";
import type { Comm, Request, Steps } from "../core/transport.ts";
import { bytesOf, type Cost, type Problem } from "./cost.ts";
import { type EdgeRounds, edgeRounds, type TreePlace } from "./double-tree-rounds.ts";

/** Most pieces of a half. */
const MOST = 256;

/**
 * Where a rank stands in one of the two trees. In the first, a rank's height is the place of its
 * lowest set bit, so odd ranks are leaves; rank 0 is the root above. The second is the first seen
 * in a mirror (n even) or moved on by one (n odd), which makes leaves of the even ranks.
 */
export function doubleTreePlace(rank: number, size: number, tree: 0 | 1): TreePlace {
  const seen = (r: number): number => (tree === 0 ? r : size % 2 === 0 ? size - 1 - r : (r + 1) % size);
  const role = tree === 0 ? rank : size % 2 === 0 ? size - 1 - rank : (rank - 1 + size) % size;
  const { parent, children } = binaryPlace(role, size);
  return { parent: parent === undefined ? undefined : seen(parent), children: children.map(seen) };
}

function binaryPlace(role: number, size: number): TreePlace {
  if (role === 0) {
    let top = 1;
    while (top * 2 < size) top *= 2;
    return { parent: undefined, children: size > 1 ? [top] : [] };
  }
  const bit = role & -role;
  const above = (role ^ bit) | (bit << 1);
  const children: number[] = [];
  let low = bit >> 1;
  if (low > 0) children.push(role - low);
  while (low > 0 && role + low >= size) low >>= 1;
  if (low > 0) children.push(role + low);
  return { parent: above < size ? above : role ^ bit, children };
}

/** What a rank does in one round: it sends a piece, takes one, or both. */
interface Turn {
  send?: { readonly to: number; readonly piece: Span };
  take?: { readonly from: number; readonly piece: Span; readonly isFromChild: boolean };
}

/**
 * allReduce in place. A receive is posted in its own round and not before: a message that came early would
 * keep the one whose turn it is from its port.
 */
export function* doubleTreeAllReduce(comm: Comm, span: Span, operator: ReduceOp): Steps {
  for (const { send, take } of turnsOf(comm, span).filter(Boolean)) {
    const requests: Request[] = [];
    if (take?.isFromChild) requests.push(comm.recvCombine(take.from, take.piece, operator));
    else if (take) requests.push(comm.recv(take.from, take.piece));
    if (send) requests.push(comm.send(send.to, send.piece));
    yield requests;
  }
}

/** What a rank does, by round: everything up, then everything down. */
function turnsOf({ rank, size, link }: Comm, span: Span): Turn[] {
  if (size === 1) return [];
  const rounds = edgeRounds(size, (each, tree) => doubleTreePlace(each, size, tree));
  const middle = Math.floor(span.count / 2);
  const count = pieceCount(span.count - middle, sizeOf(span.dtype), rounds, link);
  const half = rounds.upRounds + 2 * (count - 1);
  const turns: Turn[] = [];
  const at = (round: number): Turn => (turns[round] ??= {});
  for (const tree of [0, 1] as const) {
    const { parent, children } = doubleTreePlace(rank, size, tree);
    const own = tree === 0 ? slice(span, 0, middle) : slice(span, middle, span.count);
    const edges = cut(own.count, count);
    for (let k = 0; k < count; k++) {
      const piece = slice(own, edges[k], edges[k + 1]);
      for (const child of children) {
        at(rounds.up[tree][child] + 2 * k).take = { from: child, piece, isFromChild: true };
        at(half + rounds.down[tree][child] + 2 * k).send = { to: child, piece };
      }
      if (parent === undefined) continue;
      at(rounds.up[tree][rank] + 2 * k).send = { to: parent, piece };
      at(half + rounds.down[tree][rank] + 2 * k).take = { from: parent, piece, isFromChild: false };
    }
  }
  return turns;
}

/**
 * Pieces of each half. Of r + 4 p rounds for p pieces each takes alpha + beta × half / p: that is
 * least for p = sqrt(r × half × beta / (4 alpha)).
 */
function pieceCount(elements: number, itemBytes: number, rounds: EdgeRounds, { alpha, beta }: LinkCost): number {
  const fill = Math.max(0, rounds.upRounds + rounds.downRounds - 4);
  const best = alpha > 0 ? Math.sqrt((fill * elements * itemBytes * beta) / (4 * alpha)) : MOST;
  return Math.max(1, Math.min(MOST, elements, Math.round(best)));
}

/** In each tree a rank sends its half once to its parent and once to each child. */
export const doubleTreeCost: Cost = {
  sent(rank, problem) {
    let messages = 0;
    let bytes = 0;
    for (const [tree, half] of halvesOf(problem).entries()) {
      const { parent, children } = doubleTreePlace(rank, problem.size, tree as 0 | 1);
      const times = children.length + (parent === undefined ? 0 : 1);
      messages += times * piecesOf(problem).count;
      bytes += times * half;
    }
    return { messages, bytes };
  },
  /** Every round takes as long as a piece: those until the first is up and down, and four for each of the others. */
  path(problem) {
    if (problem.size === 1) return { alphas: 0, bytes: 0 };
    const { count, rounds } = piecesOf(problem);
    const [, larger] = halvesOf(problem);
    const alphas = rounds.upRounds + rounds.downRounds + 4 * (count - 1);
    return { alphas, bytes: alphas * Math.ceil(larger / count / problem.itemBytes) * problem.itemBytes };
  },
};

function piecesOf({ size, count, itemBytes, link = plainLink }: Problem): { count: number; rounds: EdgeRounds } {
  const rounds = edgeRounds(size, (rank, tree) => doubleTreePlace(rank, size, tree));
  return { rounds, count: pieceCount(count - Math.floor(count / 2), itemBytes, rounds, link) };
}

/** Bytes of the two halves. */
function halvesOf(problem: Problem): readonly [number, number] {
  const first = Math.floor(problem.count / 2) * problem.itemBytes;
  return [first, bytesOf(problem) - first];
}
