/** Routing of a mixture of experts (Shazeer et al., 2017; Jiang et al., "Mixtral", 2024). */

import { rawOf } from "../raw.ts";
import type { Tensor } from "../tensor.ts";
import { shaped, tensors } from "./check.ts";

/** Arguments of the choice of experts. */
export interface Route {
  /** f32 [tokens, experts]: the router's. */
  readonly logits: Tensor;
  /** How many experts each token goes to. */
  readonly k: number;
  /** Whether the weights of the chosen experts sum to 1, as Mixtral has it; otherwise they are shares among all experts. */
  readonly renormalize?: boolean;
  /**
   * f32 [experts]: added to the softmax of the logits where experts are chosen, and not to the weights (Wang et al.,
   * "Auxiliary-Loss-Free Load Balancing Strategy for Mixture-of-Experts", 2024). It gets no gradient.
   */
  readonly bias?: Tensor;
}

/**
 * The k experts with the largest logits, or the largest share and bias, of equal ones those with the lower index.
 * @returns chosen, i32 [tokens, k], largest first, and weight, f32 [tokens, k], their softmax.
 * @throws RangeError for a k that is not among 1 to the number of experts.
 */
export function route(args: Route): { chosen: Tensor; weight: Tensor } {
  const { logits, k, renormalize = true, bias } = args;
  const [count, experts] = formOf("route", args);
  if (bias) {
    tensors("route", { bias });
    shaped("route", "bias", bias, [experts], "one for each expert");
  }
  return logits.device.fused("route", args, () => {
    const [chosen, weight] = [logits.device.empty([count, k], "i32"), logits.device.empty([count, k])];
    const refs = [logits, ...(bias ? [bias] : []), chosen, weight].map((tensor) => tensor.ref());
    rawOf(logits.device).launch(bias ? "routeBiased" : "route", refs, [count, experts, k, Number(renormalize)]);
    return { chosen, weight };
  });
}

/** Arguments of its gradient. */
export interface RouteBackward extends Route {
  /** As the forward pass gave them. */
  readonly chosen: Tensor;
  readonly weight: Tensor;
  /** f32 [tokens, k]: the gradient of the weights. */
  readonly dweight: Tensor;
}

/** The gradient of the logits, like the logits: the choice itself has none. @throws KernelError, at the next wait, for a choice that is no expert. */
export function routeBackward(args: RouteBackward): Tensor {
  const { logits, k, renormalize = true, chosen, weight, dweight } = args; // a bias changes the choice alone
  const [count, experts] = formOf("routeBackward", args);
  tensors("routeBackward", { weight, dweight });
  tensors("routeBackward", { chosen }, "i32");
  for (const [name, each] of Object.entries({ chosen, weight, dweight }))
    shaped("routeBackward", name, each, [count, k], "one for each token and choice");
  return logits.device.fused("routeBackward", args, () => {
    const dlogits = logits.device.empty(logits.shape);
    const refs = [logits, chosen, weight, dweight, dlogits].map((tensor) => tensor.ref());
    rawOf(logits.device).launch("routeBackward", refs, [count, experts, k, Number(renormalize)]);
    return dlogits;
  });
}

/**
 * Sorts choices by expert, those of one expert in their order, so that an expert's rows lie together.
 * @param args.chosen i32 of any shape, read as one list of n choices: choice i of [tokens, k] belongs to token ⌊i / k⌋.
 * @returns i32: starts [experts + 1], where each expert's begin, and the end of the last; order [n], the choice at each
 * place; place [n], where each choice lies.
 * @throws KernelError, at the next wait, for a choice that is no expert.
 */
export function sortByExpert(args: { chosen: Tensor; experts: number }): Record<"starts" | "order" | "place", Tensor> {
  const { chosen, experts } = args;
  tensors("sortByExpert", { chosen }, "i32");
  if (!(Number.isInteger(experts) && experts >= 1))
    throw new RangeError(`sortByExpert takes a number of experts from 1 on, but got ${experts}.`);
  const { device, size } = chosen;
  return device.fused("sortByExpert", args, () => {
    const [starts, order, place] = [experts + 1, size, size].map((length) => device.empty([length], "i32"));
    const refs = [chosen, starts, order, place].map((tensor) => tensor.ref());
    rawOf(device).launch("sortByExpert", refs, [size, experts]);
    return { starts, order, place };
  });
}

/** Arguments of the limit. */
export interface LimitExperts {
  /** i32 [tokens, k], as `route` gives it. */
  readonly chosen: Tensor;
  /** f32 [tokens, k]: what decides who stays. */
  readonly weight: Tensor;
  readonly experts: number;
  /** Most choices that an expert takes; as many as there are, if not given. */
  readonly capacity?: number;
  /** f32 [tokens]: 0 for tokens that are none, such as padding. */
  readonly real?: Tensor;
}

/**
 * Choices that experts take. Of more than its capacity an expert keeps those that weigh most, of equal ones the first.
 * @returns i32 [tokens, k]: `chosen`, or the number of experts, which is no expert, for what is dropped.
 * @throws RangeError for a capacity below 1; KernelError, at the next wait, for a choice that is no expert.
 */
export function limitExperts(args: LimitExperts): Tensor {
  const { chosen, weight, experts, real } = args;
  tensors("limitExperts", { chosen }, "i32");
  tensors("limitExperts", { weight });
  const [count, k] = chosen.shape;
  shaped("limitExperts", "weight", weight, [count, k], "one for each choice");
  const { capacity = count * k } = args;
  if (!(Number.isInteger(capacity) && (capacity >= 1 || count === 0)))
    throw new RangeError(`An expert's capacity is a whole number of tokens from 1, but got ${capacity}.`);
  return chosen.device.fused("limitExperts", args, () => {
    const { device } = chosen;
    const kept = device.empty([count, k], "i32");
    const refs = [chosen, weight, real ?? device.empty([count]).fill_(1), kept].map((tensor) => tensor.ref());
    rawOf(device).launch("limitExperts", refs, [count, experts, k, capacity]);
    return kept;
  });
}

/**
 * Sorts rows that came from ranks, each rank's sorted by expert.
 * @param args.counts i32 [ranks, experts]: how many of each. @param args.room rows that there is room for.
 * @returns i32 as of `sortByExpert`, of rows: starts [experts + 1], order [room], place [room]. Behind the rows that there are,
 *   order and place name each its own place.
 * @throws KernelError, at the next wait, for more rows than there is room.
 */
export function sortRuns(args: { counts: Tensor; room: number }): Record<"starts" | "order" | "place", Tensor> {
  const { counts, room } = args;
  tensors("sortRuns", { counts }, "i32");
  if (counts.shape.length !== 2) throw new RangeError(`sortRuns takes counts [ranks, experts], but got ${counts}.`);
  const [ranks, experts] = counts.shape;
  const { device } = counts;
  return device.fused("sortRuns", args, () => {
    const [starts, order, place] = [experts + 1, room, room].map((length) => device.empty([length], "i32"));
    const refs = [counts, starts, order, place].map((tensor) => tensor.ref());
    rawOf(device).launch("sortRuns", refs, [ranks, experts, room]);
    return { starts, order, place };
  });
}

function formOf(call: string, { logits, k }: Route): readonly [number, number] {
  tensors(call, { logits });
  if (logits.shape.length !== 2) throw new RangeError(`${call} takes logits [tokens, experts], but got ${logits}.`);
  const [count, experts] = logits.shape;
  if (!(Number.isInteger(k) && k >= 1 && k <= experts))
    throw new RangeError(`${call} takes a k from 1 to the ${experts} experts, but got ${k}.`);
  return [count, experts];
}
