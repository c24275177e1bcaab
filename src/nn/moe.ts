/**
 * A mixture of experts in place of an MLP (Shazeer et al., 2017; Jiang et al., "Mixtral", 2024). A router scores the
 * experts for each token, the best few compute it, and their results are added by weight. Tokens are sorted by expert,
 * so that each expert multiplies rows that lie together; none is dropped, and an expert may have none.
 */
import { functional as F, type Tensor, type TensorDevice } from "../tensor/index.ts";
import { inF32, type LayerOptions, Linear } from "./layers.ts";
import { GatedMLP, type MlpOptions } from "./mlp.ts";
import { Module } from "./module.ts";

/** Form of a mixture. */
export interface MoeOptions extends MlpOptions {
  readonly experts: number;
  /** Experts of each token. */
  readonly perToken: number;
  /** Whether the weights of the chosen experts are made to add up to 1, as Mixtral's are. */
  readonly normalize?: boolean;
}

/** A router and the experts that it chooses from. */
export class MoE extends Module {
  /** Scores of the experts: [experts, width]. */
  readonly router: Linear;
  /** Each an MLP of its own. */
  readonly experts: readonly GatedMLP[];
  /** Experts of each token. */
  readonly perToken: number;
  /** Whether the weights of the chosen experts add up to 1. */
  readonly normalize: boolean;

  /**
   * @throws RangeError for more experts of a token than there are, and for one expert whose weight is always 1: its
   *   router would never learn, since no gradient reaches it.
   */
  constructor(device: TensorDevice, width: number, hidden: number, options: MoeOptions) {
    super(device);
    const { experts, perToken, normalize = true, ...form } = options;
    if (!(Number.isInteger(perToken) && perToken >= 1 && perToken <= experts)) {
      throw new RangeError(`Each token goes to 1 to ${experts} experts, not to ${perToken}.`);
    }
    if (perToken === 1 && normalize && experts > 1) {
      throw new RangeError(
        "With one expert for each token and normalized weights the weight is always 1, and the router gets no gradient. " +
          "Take normalize: false, or two experts.",
      );
    }
    this.router = new Linear(device, width, experts, { ...routerForm(form), bias: false });
    this.experts = Array.from({ length: experts }, () => new GatedMLP(device, width, hidden, { ...form, bias: false }));
    this.perToken = perToken;
    this.normalize = normalize;
  }

  /** @param x f32 [tokens, width] */
  forward(x: Tensor): Tensor {
    const [tokens, width] = x.shape;
    const { perToken: k, normalize: renormalize } = this;
    const { chosen, weight } = F.route({ logits: this.router.call(x), k, renormalize });
    const { starts, order, place } = F.sortByExpert({ chosen, experts: this.experts.length });
    // Choice i is of token ⌊i / k⌋; the half keeps the quotient off the edge.
    const token = k === 1 ? order : order.to("f32").add(0.5).div(k).to("i32");
    const rows = F.embedding({ table: x, index: token });
    const product = (input: Tensor, name: "gate" | "up" | "down"): Tensor =>
      F.expertLinear({ x: input, weights: this.experts.map((expert) => inF32(expert[name].weight)), starts });
    const hidden = F.swiglu({ gate: product(rows, "gate"), up: product(rows, "up") });
    const results = F.embedding({ table: product(hidden, "down"), index: place });
    return results.reshape([tokens, k, width]).mul(weight.unsqueeze(-1)).sum(1);
  }
}

function routerForm({ dtype, gradDType, empty, meta, init }: LayerOptions): LayerOptions {
  return { dtype, gradDType, empty, meta, init };
}
