/**
 * What an allReduce costs, in the alpha-beta model (Hockney, 1994): a message of b bytes takes
 * alpha + b × beta, and a rank sends one message and receives one at a time. Each algorithm
 * states its cost in a function beside its code; tests compare `sent` with recorded messages,
 * and `path` with a run of the algorithm on virtual time.
 */

import type { LinkCost } from "../core/links.ts";
import { cut } from "../core/span.ts";

/** What is reduced, and by whom. */
export interface Problem {
  /** Ranks. */
  readonly size: number;
  /** Elements of each rank's tensor. */
  readonly count: number;
  /** Bytes of an element. */
  readonly itemBytes: number;
  /** Ranks of each node, in order; all in one node if not given. */
  readonly nodes?: readonly (readonly number[])[];
  /** What a message costs, for algorithms that choose by it; `plainLink` if not given. */
  readonly link?: LinkCost;
}

/** Messages and bytes that one rank sends, or moves in its peers' memory. */
export interface Sent {
  readonly messages: number;
  readonly bytes: number;
}

/** The longest chain of messages that wait for each other: it takes alphas × alpha + bytes × beta. */
export interface Path {
  readonly alphas: number;
  readonly bytes: number;
}

export interface Cost {
  /** Exact. */
  sent(rank: number, problem: Problem): Sent;
  /**
   * Exact where chunks come out equal, and otherwise at least as long as the real one, with two
   * exceptions, because a rank may find a port taken by a message that came too early: doubling
   * and halving on sizes that are not a power of two (at most one message more per level), and
   * halving and hierarchical with uneven pieces (up to 1.3 times as long in tests).
   */
  path(problem: Problem): Path;
}

/** Bytes of a tensor. */
export function bytesOf({ count, itemBytes }: Problem): number {
  return count * itemBytes;
}

/** Lengths in bytes of the runs that `cut` gives. */
export function cutBytes(count: number, parts: number, itemBytes: number): number[] {
  const at = cut(count, parts);
  return Array.from({ length: parts }, (_, i) => (at[i + 1] - at[i]) * itemBytes);
}

/** Seconds a path takes. @param alpha seconds. @param beta seconds per byte. */
export function seconds({ alphas, bytes }: Path, alpha: number, beta: number): number {
  return alphas * alpha + bytes * beta;
}

/**
 * Bus bandwidth over algorithm bandwidth, as nccl-tests define it: algbw is the tensor's bytes over
 * the time; busbw is algbw × 2 (n - 1)/n for an allReduce, which is what each link carries in the
 * best algorithm, and so can be compared with the links' speed whatever n is.
 */
export function busFactor(
  kind: "allReduce" | "allGather" | "reduceScatter" | "allToAll" | "broadcast" | "reduce",
  size: number,
): number {
  if (kind === "allReduce") return (2 * (size - 1)) / size;
  return kind === "broadcast" || kind === "reduce" ? 1 : (size - 1) / size;
}
