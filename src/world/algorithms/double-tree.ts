/**
 * Double binary tree allReduce (Sanders, Speck and Träff, 2009; NCCL since 2.4). In one binary
 * tree, half of the ranks are leaves and send little. So there are two trees, in which nearly
 * every rank is a leaf of one and an inner rank of the other; each reduces and broadcasts half
 * of the tensor, cut into pieces that follow each other. Latency grows with log2 n like a
 * tree's, and every rank moves about twice the tensor, like in a ring.
 *
 * All receives are posted at the start, in the order in which their peers will send, because
 * messages of a pair match in that order. Children are added in a fixed order, so that the result does not
 * depend on timing.
 */
import type { ReduceOp } from "../../device/index.ts";
import { cut, type Span, slice, spanBytes } from "../core/span.ts";
import type { Comm, Request, Steps } from "../core/transport.ts";
import { bytesOf, type Cost, type Problem } from "./cost.ts";

/** Bytes of a piece, about: small enough to keep all levels busy, large enough to be worth a message. */
const PIECE = 128 * 1024;
/** Most pieces of a half. */
const MOST = 32;

export interface TreePlace {
  readonly parent: number | undefined;
  readonly children: readonly number[];
}

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

/** Pieces of each half. */
function pieceCount(halfBytes: number): number {
  return Math.max(1, Math.min(MOST, Math.ceil(halfBytes / PIECE)));
}

/** allReduce in place. */
export function* doubleTreeAllReduce(comm: Comm, span: Span, operator: ReduceOp): Steps {
  const { rank, size } = comm;
  const middle = Math.floor(span.count / 2);
  const halves = [slice(span, 0, middle), slice(span, middle, span.count)];
  const steps = halves.flatMap((half, which) => {
    const tree = which as 0 | 1;
    const place = doubleTreePlace(rank, size, tree);
    const at = cut(half.count, pieceCount(spanBytes(half)));
    return at.slice(1).map((to, k) => ({ k, tree, place, piece: slice(half, at[k], to) }));
  });
  steps.sort((a, b) => a.k - b.k); // both trees go on together; the sort is stable
  const inner = steps.filter(({ place }) => place.children.length > 0);
  const leaves = steps.filter(({ place }) => place.children.length === 0);

  // Up. A leaf waits for nobody, so its pieces leave first; and so they are expected first.
  const rising = inner.map(({ place, piece }) => place.children.map(() => comm.scratch(piece.count, piece.dtype)));
  const arrivals = inner.map((): Request[] => []);
  for (const isLeaf of [true, false]) {
    for (const [i, { tree, place }] of inner.entries()) {
      for (const [c, child] of place.children.entries()) {
        const childIsLeaf = doubleTreePlace(child, size, tree).children.length === 0;
        if (childIsLeaf === isLeaf) arrivals[i][c] = comm.recv(child, rising[i][c]);
      }
    }
  }
  const falling = new Map(
    steps.flatMap((step) => {
      const { parent } = step.place;
      return parent === undefined ? [] : [[step, comm.recv(parent, step.piece)] as const];
    }),
  );
  const sends: Request[] = [];
  for (const { place, piece } of leaves) if (place.parent !== undefined) sends.push(comm.send(place.parent, piece));
  for (const [i, { place, piece }] of inner.entries()) {
    for (const [c, incoming] of rising[i].entries()) {
      yield arrivals[i][c];
      comm.combine(piece, incoming, operator);
    }
    if (place.parent !== undefined) sends.push(comm.send(place.parent, piece));
  }

  // Down. What a leaf gets, it need not hand on: it may come whenever it comes.
  for (const step of inner) {
    const arrival = falling.get(step);
    if (arrival) yield arrival;
    for (const child of step.place.children) sends.push(comm.send(child, step.piece));
  }
  yield [...falling.values(), ...sends];
}

/** In each tree a rank sends its half once to its parent and once to each child. */
export const doubleTreeCost: Cost = {
  sent(rank, problem) {
    let messages = 0;
    let bytes = 0;
    for (const [tree, half] of halvesOf(problem).entries()) {
      const { parent, children } = doubleTreePlace(rank, problem.size, tree as 0 | 1);
      const times = children.length + (parent === undefined ? 0 : 1);
      messages += times * pieceCount(half);
      bytes += times * half;
    }
    return { messages, bytes };
  },
  /**
   * An upper bound: up, and down again; at each of log2 n levels a piece waits for what comes
   * through one port, two children's pieces of either tree at most, and behind the first piece
   * the others follow at that distance. A run on virtual time tells more exactly.
   */
  path(problem) {
    if (problem.size === 1) return { alphas: 0, bytes: 0 };
    const halves = halvesOf(problem);
    const pieces = Math.max(...halves.map(pieceCount));
    const longest = Math.max(...halves.map((half) => Math.ceil(half / pieceCount(half) / problem.itemBytes)));
    const levels = Math.ceil(Math.log2(problem.size));
    const alphas = 2 * 4 * (levels + pieces - 1);
    return { alphas, bytes: alphas * longest * problem.itemBytes };
  },
};

function halvesOf(problem: Problem): number[] {
  const first = Math.floor(problem.count / 2) * problem.itemBytes;
  return [first, bytesOf(problem) - first];
}
