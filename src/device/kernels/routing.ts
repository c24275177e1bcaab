/** The kernels of a mixture of experts: which experts a token goes to, and tokens sorted by expert. */
import { run, sharedParts } from "./parts.ts";
import type { Kernel } from "./spec.ts";

/** @throws RangeError for more choices than there are experts. */
function among(k: number, experts: number): number {
  if (k >= 1 && k <= experts) return k;
  throw new RangeError(`A token is routed to 1 to ${experts} of ${experts} experts, but not to ${k}.`);
}

/** Scalars are listed in each comment, in order. */
export const routingKernels = {
  /** logits [tokens, experts], chosen (i32), weight [tokens, k] | tokens, experts, k, renormalize */
  route: {
    scalars: ["tokens", "experts", "k", "renormalize"],
    buffers: ["in", "out", "out"],
    bounds: ([tokens, experts, k]) => [tokens * experts * 4, tokens * among(k, experts) * 4, tokens * k * 4],
    flops: ([tokens, experts, k]) => tokens * experts * (5 + k),
    run: (x, [logits, chosen, weight, tokens, experts, k, renormalize], scratch) =>
      x.route(logits, chosen, weight, tokens, experts, k, renormalize, scratch(experts * 4)),
    parts: ([, , , tokens, experts, k], team) => sharedParts(tokens * experts * (5 + k), tokens, team),
    part: ([logits, chosen, weight, tokens, experts, k, renormalize], i, parts) => {
      const { from, to } = run(tokens, i, parts);
      const at = [logits + 4 * from * experts, chosen + 4 * from * k, weight + 4 * from * k];
      return [...at, to - from, experts, k, renormalize];
    },
  },
  /** logits [tokens, experts], bias [experts], chosen (i32), weight [tokens, k] | tokens, experts, k, renormalize */
  routeBiased: {
    scalars: ["tokens", "experts", "k", "renormalize"],
    buffers: ["in", "in", "out", "out"],
    bounds: ([tokens, experts, k]) => [
      tokens * experts * 4,
      experts * 4,
      tokens * among(k, experts) * 4,
      tokens * k * 4,
    ],
    flops: ([tokens, experts, k]) => tokens * experts * (10 + k),
    run: (x, [logits, bias, chosen, weight, tokens, experts, k, renormalize], scratch) =>
      x.routeBiased(logits, bias, chosen, weight, tokens, experts, k, renormalize, scratch(experts * 4)),
    parts: ([, , , , tokens, experts, k], team) => sharedParts(tokens * experts * (10 + k), tokens, team),
    part: ([logits, bias, chosen, weight, tokens, experts, k, renormalize], i, parts) => {
      const { from, to } = run(tokens, i, parts);
      const at = [logits + 4 * from * experts, bias, chosen + 4 * from * k, weight + 4 * from * k];
      return [...at, to - from, experts, k, renormalize];
    },
  },
  /** chosen (i32), weight [tokens, k], real [tokens], kept (i32) [tokens, k] | tokens, experts, k, capacity */
  limitExperts: {
    scalars: ["tokens", "experts", "k", "capacity"],
    buffers: ["in", "in", "in", "out"],
    bounds: ([tokens, , k]) => [tokens * k * 4, tokens * k * 4, tokens * 4, tokens * k * 4],
    flops: () => 0,
    run: (x, [chosen, weight, real, kept, tokens, experts, k, capacity], scratch) => {
      const heap = scratch(Math.min(capacity, tokens * k) * 4);
      return x.limitExperts(chosen, weight, real, kept, tokens, experts, k, capacity, heap);
    },
    explain: (status, args) => `choice ${status - 1} is no expert among the ${args[5]}`,
  },
  /** counts (i32) [ranks, experts], starts (i32) [experts + 1], order, place (i32) [room] | ranks, experts, room */
  sortRuns: {
    scalars: ["ranks", "experts", "room"],
    buffers: ["in", "out", "out", "out"],
    bounds: ([ranks, experts, room]) => [ranks * experts * 4, (experts + 1) * 4, room * 4, room * 4],
    flops: () => 0,
    run: (k, [counts, starts, order, place, ranks, experts, room]) =>
      k.sortRuns(counts, starts, order, place, ranks, experts, room),
    explain: (status, args) => `rank ${status - 1} has more rows than there is room, ${args[6]}, or less than none`,
  },
  /** logits, chosen, weight (as of route), dweight [tokens, k], dlogits [tokens, experts] | tokens, experts, k, renormalize */
  routeBackward: {
    scalars: ["tokens", "experts", "k", "renormalize"],
    buffers: ["in", "in", "in", "in", "out"],
    bounds: ([tokens, experts, k]) => {
      const few = tokens * among(k, experts) * 4;
      return [tokens * experts * 4, few, few, few, tokens * experts * 4];
    },
    flops: ([tokens, experts, k]) => tokens * (6 * experts + 5 * k),
    run: (x, [logits, chosen, weight, dweight, dlogits, tokens, experts, k, renormalize]) =>
      x.routeBackward(logits, chosen, weight, dweight, dlogits, tokens, experts, k, renormalize),
    parts: ([, , , , , tokens, experts, k], team) => sharedParts(tokens * (6 * experts + 5 * k), tokens, team),
    part: ([logits, chosen, weight, dweight, dlogits, tokens, experts, k, renormalize], i, parts) => {
      const { from, to } = run(tokens, i, parts);
      const [few, all] = [4 * from * k, 4 * from * experts];
      const at = [logits + all, chosen + few, weight + few, dweight + few, dlogits + all];
      return [...at, to - from, experts, k, renormalize];
    },
    explain: (status, args) => `token ${status - 1} chose an expert that is not among the ${args[6]}`,
  },
  /** chosen (i32) [n], starts (i32) [experts + 1], order, place (i32) [n] | n, experts */
  sortByExpert: {
    scalars: ["n", "experts"],
    buffers: ["in", "out", "out", "out"],
    bounds: ([n, experts]) => [n * 4, (experts + 1) * 4, n * 4, n * 4],
    flops: () => 0,
    run: (k, [chosen, starts, order, place, n, experts]) => k.sortByExpert(chosen, starts, order, place, n, experts),
    explain: (status, args) => `choice ${status - 1} is no expert among the ${args[5]}`,
  },
} satisfies Record<string, Kernel>;
