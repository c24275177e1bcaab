/**
 * How a mixture keeps its experts busy: terms that are added to the loss, and a bias that is moved by hand. A term does not
 * travel with the loss: its gradient enters where the experts' weights are, so that stages of a pipeline and layers that are
 * computed again need not know of it (Megatron-LM's MoEAuxLossAutoScaler does the same).
 */
import { customOperation } from "../../autograd/index.ts";
import { functional as F, type Tensor, type TensorDevice } from "../../tensor/index.ts";

/** What is asked of a router besides the loss. */
export interface Balance {
  /**
   * Factor of the load-balancing loss: experts · Σ share of choices · mean probability, per layer (Fedus et al., "Switch
   * Transformers", 2021). 1 is balanced, with any number k of choices; Hugging Face's is k times as large.
   */
  readonly auxiliary?: number;
  /** Factor of the mean of (log Σ exp scores)², which keeps scores small (Zoph et al., "ST-MoE", 2022). */
  readonly zLoss?: number;
}

/** A router's scores for some tokens, and whom they chose. */
export interface Routed {
  /** f32 [tokens, experts] */
  readonly logits: Tensor;
  /** i32 [tokens, k] */
  readonly chosen: Tensor;
  /** f32 [tokens]: 0 for tokens that are none; all count if not given. */
  readonly real?: Tensor;
  /** How many tokens count. */
  readonly tokens: number;
}

/** How often each expert was chosen, f32 [experts], before any choice is dropped. No gradient. */
export function countsOf({ logits, chosen, real }: Routed): Tensor {
  const [tokens, experts] = logits.shape;
  const device = logits.device as TensorDevice;
  return device.noGrad(() => {
    const kept = real ? F.limitExperts({ chosen, weight: device.zeros(chosen.shape), experts, real }) : chosen;
    if (tokens === 0) return device.zeros([experts]);
    // What is nobody's comes last.
    return rowsPerExpert(F.sortByExpert({ chosen: kept, experts: experts + 1 }).starts).slice(0, 0, experts);
  });
}

/** How many rows each expert has, f32 [experts]. @param starts i32 [experts + 1]: where each one's begin, and the end of the last. */
export function rowsPerExpert(starts: Tensor): Tensor {
  const ends = starts.to("f32");
  return ends.slice(0, 1, starts.size).sub(ends.slice(0, 0, starts.size - 1));
}

/** The load-balancing loss of one layer, f32 []: 1 when it is balanced, the number of experts at worst with one choice. */
export function balanceLoss(routed: Routed): Tensor {
  const { logits, chosen, real, tokens } = routed;
  const experts = logits.shape[1];
  const choices = Math.max(1, tokens * chosen.shape[1]);
  const shares = logits.softmax();
  const counted = real ? shares.mul(real.unsqueeze(-1)) : shares;
  return counted
    .sum(0)
    .mul(countsOf(routed))
    .sum()
    .mul(experts / choices / Math.max(1, tokens));
}

/** The mean of (log Σ exp scores)², f32 []. */
export function routerZLoss({ logits, real, tokens }: Routed): Tensor {
  const largest = logits.detach().max(-1, true);
  const all = logits.sub(largest).exp().sum(-1, true).log().add(largest);
  const squares = all.mul(all).reshape([logits.shape[0]]);
  return (real ? squares.mul(real) : squares).sum().mul(1 / Math.max(1, tokens));
}

/**
 * The weights of the chosen experts, and with them the gradient of what a router is asked for.
 * @param share the part of a step's targets that these tokens have: terms of all parts add up to one mean, on any number of
 *   micro-batches and ranks.
 */
export function withBalance(
  weight: Tensor,
  routed: Routed,
  { auxiliary = 0, zLoss = 0 }: Balance,
  share: number,
): Tensor {
  if ((auxiliary === 0 && zLoss === 0) || routed.tokens === 0 || share === 0) return weight;
  const terms: Tensor[] = [];
  if (auxiliary !== 0) terms.push(balanceLoss(routed).mul(auxiliary * share));
  if (zLoss !== 0) terms.push(routerZLoss(routed).mul(zLoss * share));
  const penalty = terms.reduce((sum, each) => sum.add(each));
  const device = weight.device as TensorDevice;
  return customOperation({
    name: "withBalance",
    inputs: [weight, penalty],
    forward: () => weight.view(),
    backward: ({ dy }) => [dy, device.ones([])],
  });
}
