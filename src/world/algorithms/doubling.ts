/**
 * Butterfly algorithms for allReduce (Thakur, Rabenseifner and Gropp, 2005).
 *
 *   recursive doubling          log2 n steps of the whole buffer: lowest latency
 *   halving and doubling        reduce-scatter by halves, all-gather by doubles: log2 n
 *                               steps each, and a ring's number of bytes
 *
 * A butterfly needs a power of two; the ranks beyond it first hand their data to a partner
 * inside and get the result at the end. Both partners of an exchange compute the same
 * commutative operation, so all ranks end with the same bits.
 */
import type { ReduceOp } from "../../device/index.ts";
import { type Span, slice } from "../core/span.ts";
import type { Comm, Request, Steps } from "../core/transport.ts";
import { bytesOf, type Cost } from "./cost.ts";

/** Runs `butterfly` on the largest power of two of ranks; rank i + power works through rank i. */
function* folded(comm: Comm, span: Span, operator: ReduceOp, butterfly: (comm: Comm, power: number) => Steps): Steps {
  const { rank, size } = comm;
  const power = 2 ** Math.floor(Math.log2(size));
  if (rank >= power) {
    yield comm.send(rank - power, span);
    yield comm.recv(rank - power, span);
    return;
  }
  const extra = rank + power < size ? rank + power : undefined;
  if (extra !== undefined) yield comm.recvCombine(extra, span, operator);
  yield* butterfly(comm, power);
  if (extra !== undefined) yield comm.send(extra, span);
}

/** allReduce in place by recursive doubling. */
export function* recursiveDoublingAllReduce(comm: Comm, span: Span, operator: ReduceOp): Steps {
  yield* folded(comm, span, operator, function* (comm, power) {
    // The receives of all steps are posted first: no partner has to wait until this rank is ready.
    const steps: { partner: number; incoming: Span; arrival: Request }[] = [];
    for (let distance = 1; distance < power; distance *= 2) {
      const partner = comm.rank ^ distance;
      const incoming = comm.scratch(span.count, span.dtype);
      steps.push({ partner, incoming, arrival: comm.recv(partner, incoming) });
    }
    for (const { partner, incoming, arrival } of steps) {
      yield [comm.send(partner, span), arrival];
      comm.combine(span, incoming, operator);
    }
  });
}

/** allReduce in place by recursive halving, then doubling. */
export function* halvingDoublingAllReduce(comm: Comm, span: Span, operator: ReduceOp): Steps {
  yield* folded(comm, span, operator, function* (comm, power) {
    // Halving: the pair splits its range; each combines the half it keeps.
    const ranges: { mine: Span; theirs: Span; partner: number }[] = [];
    let from = 0;
    let to = span.count;
    for (let distance = power / 2; distance >= 1; distance /= 2) {
      const partner = comm.rank ^ distance;
      const middle = Math.floor((from + to) / 2);
      const lower = slice(span, from, middle);
      const upper = slice(span, middle, to);
      const isLower = (comm.rank & distance) === 0;
      const mine = isLower ? lower : upper;
      const theirs = isLower ? upper : lower;
      yield [comm.send(partner, theirs), comm.recvCombine(partner, mine, operator)];
      ranges.push({ mine, theirs, partner });
      if (isLower) to = middle;
      else from = middle;
    }
    // Doubling: the same pairs in reverse, each sending what it has finished.
    const back = ranges.reverse().map(({ mine, theirs, partner }) => ({
      mine,
      partner,
      arrival: comm.recv(partner, theirs),
    }));
    for (const { mine, partner, arrival } of back) yield [comm.send(partner, mine), arrival];
  });
}

/** Largest power of two that is no more than the size, and its exponent. */
function powerOf(size: number): { power: number; levels: number; extras: number } {
  const levels = Math.floor(Math.log2(size));
  return { power: 2 ** levels, levels, extras: size - 2 ** levels };
}

/** The whole tensor at each of log2 n levels, and twice more where n is not a power of two. */
export const doublingCost: Cost = {
  sent(rank, problem) {
    const { power, levels, extras } = powerOf(problem.size);
    const messages = rank >= power ? 1 : levels + (rank < extras ? 1 : 0);
    return { messages, bytes: messages * bytesOf(problem) };
  },
  path(problem) {
    const { levels, extras } = powerOf(problem.size);
    const alphas = levels + (extras > 0 ? 2 : 0);
    return { alphas, bytes: alphas * bytesOf(problem) };
  },
};

/** Half, a quarter, an eighth, … and back; and the whole tensor twice more where n is not a power of two. */
export const halvingCost: Cost = {
  sent(rank, problem) {
    const { power, levels, extras } = powerOf(problem.size);
    const whole = bytesOf(problem);
    if (rank >= power) return { messages: 1, bytes: whole };
    let from = 0;
    let to = problem.count;
    let elements = 0;
    for (let distance = power / 2; distance >= 1; distance /= 2) {
      const middle = Math.floor((from + to) / 2);
      // It sends away what it does not keep, and on the way back what it has kept: together the range.
      elements += to - from;
      if ((rank & distance) === 0) to = middle;
      else from = middle;
    }
    const extra = rank < extras ? 1 : 0;
    return { messages: 2 * levels + extra, bytes: elements * problem.itemBytes + extra * whole };
  },
  path(problem) {
    const { levels, extras } = powerOf(problem.size);
    const fold = extras > 0 ? 2 : 0;
    let elements = 0;
    for (let level = 1, range = problem.count; level <= levels; level++) {
      range = Math.ceil(range / 2);
      elements += 2 * range;
    }
    return { alphas: 2 * levels + fold, bytes: elements * problem.itemBytes + fold * bytesOf(problem) };
  },
};
