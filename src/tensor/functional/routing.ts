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
}

/**
 * The k experts with the largest logits, of equal ones those with the lower index.
 * @returns chosen, i32 [tokens, k], largest first, and weight, f32 [tokens, k], their softmax.
 * @throws RangeError for a k that is not among 1 to the number of experts.
 */
export function route(args: Route): { chosen: Tensor; weight: Tensor } {
  const { logits, k, renormalize = true } = args;
  const [count, experts] = formOf("route", args);
  return logits.device.fused("route", args, () => {
    const [chosen, weight] = [logits.device.empty([count, k], "i32"), logits.device.empty([count, k])];
    const refs = [logits, chosen, weight].map((tensor) => tensor.ref());
    rawOf(logits.device).launch("route", refs, [count, experts, k, Number(renormalize)]);
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
  const { logits, k, renormalize = true, chosen, weight, dweight } = args;
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

function formOf(call: string, { logits, k }: Route): readonly [number, number] {
  tensors(call, { logits });
  if (logits.shape.length !== 2) throw new RangeError(`${call} takes logits [tokens, experts], but got ${logits}.`);
  const [count, experts] = logits.shape;
  if (!(Number.isInteger(k) && k >= 1 && k <= experts))
    throw new RangeError(`${call} takes a k from 1 to the ${experts} experts, but got ${k}.`);
  return [count, experts];
}
