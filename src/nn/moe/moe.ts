/**
 * A mixture of experts in place of an MLP (Shazeer et al., 2017; Jiang et al., "Mixtral", 2024). A router scores the
 * experts for each token, the best few compute it, and their results are added by weight. Tokens are sorted by expert,
 * so that each expert multiplies rows that lie together; an expert may have none. Without a capacity none is dropped.
 */
import { tapeOf } from "../../autograd/index.ts";
import { functional as F, type Tensor, type TensorDevice } from "../../tensor/index.ts";
import { inF32, type LayerOptions, Linear } from "../layers.ts";
import { GatedMLP, type MlpOptions } from "../mlp.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { type Balance, countsOf, withBalance } from "./balance.ts";
import { checkMixture } from "./check.ts";

/** Form of a mixture. */
export interface MoeOptions extends MlpOptions, Balance {
  readonly experts: number;
  /** Experts of each token. */
  readonly perToken: number;
  /** Whether the weights of the chosen experts are made to add up to 1, as Mixtral's are. */
  readonly normalize?: boolean;
  /**
   * Factor f of an expert's capacity, ⌈tokens · perToken / experts · f⌉ choices. Of more, those with the largest weights stay,
   * of equal ones the first; what is dropped passes by the residual alone. Tokens are those of a call: of one rank's
   * micro-batch. None is dropped if not given.
   */
  readonly capacity?: number;
  /** Whether a bias takes part in the choice, for `moveBias`. */
  readonly biased?: boolean;
}

/** What a mixture is told of the tokens of a call. */
export interface MixtureTokens {
  /** The part of the step's targets that they have, for terms of balance: 1 if not given. */
  readonly share?: number;
  /** f32 [tokens]: 0 for padding, which no expert computes. */
  readonly real?: Tensor;
  /** How many of them are real. */
  readonly count?: number;
}

/** Computes rows that are sorted by expert. @param starts i32 [experts + 1]; rows behind the last are nobody's, and become zeros. */
export type Experts = (rows: Tensor, starts: Tensor) => Tensor;

/** A router and the experts that it chooses from. */
export class MoE extends Module<[x: Tensor, tokens?: MixtureTokens]> {
  /** Scores of the experts: [experts, width]. */
  readonly router: Linear;
  /** Added to an expert's probability where experts are chosen, f32 [experts]; moved by `moveBias`, and by no gradient. */
  readonly bias: Parameter | undefined;
  /** Each an MLP of its own, by its place among all; a rank may lack some. */
  readonly experts: readonly GatedMLP[];
  /** How many experts there are, on all ranks together. */
  readonly count: number;
  /** Experts of each token. */
  readonly perToken: number;
  /** Whether the weights of the chosen experts add up to 1. */
  readonly normalize: boolean;
  /** Factor of an expert's capacity; undefined for no limit. */
  readonly capacity: number | undefined;
  /** What is asked of the router besides the loss. */
  readonly balance: Balance;
  #load: Tensor | undefined;
  #around: ((experts: Experts, rows: Tensor, starts: Tensor) => Tensor) | undefined;

  /**
   * @throws RangeError for more experts of a token than there are, for a capacity that is not above 0, and for one expert whose
   *   weight is always 1: its router would never learn, since no gradient reaches it.
   */
  constructor(device: TensorDevice, width: number, hidden: number, options: MoeOptions) {
    super(device);
    checkMixture(options);
    const {
      experts,
      perToken,
      normalize = true,
      capacity,
      auxiliary = 0,
      zLoss = 0,
      biased = false,
      ...form
    } = options;
    this.router = new Linear(device, width, experts, { ...routerForm(form), bias: false });
    if (biased) {
      this.bias = new Parameter(device, [experts], { empty: form.empty, meta: form.meta });
      this.bias.requiresGrad_(false);
    }
    this.experts = Array.from({ length: experts }, () => new GatedMLP(device, width, hidden, { ...form, bias: false }));
    this.count = experts;
    this.perToken = perToken;
    this.normalize = normalize;
    this.capacity = capacity;
    this.balance = { auxiliary, zLoss };
  }

  /**
   * How often each expert was chosen since it was asked for first, or since `resetLoad`, in forward passes that record
   * gradients: f32 [experts], this rank's.
   */
  get load(): Tensor {
    this.#load ??= this.device.unscoped(() => this.device.zeros([this.count]));
    return this.#load;
  }

  /** Counts anew. */
  resetLoad(): void {
    this.load.fill_(0);
  }

  /**
   * Lets somebody else say where experts compute, such as ranks that have some of them each.
   * @param around is given this rank's experts, the rows sorted by expert, and i32 [count + 1] where each one's begin.
   */
  surroundExperts(around: (experts: Experts, rows: Tensor, starts: Tensor) => Tensor): void {
    this.#around = around;
  }

  /** Lets go of all experts but those from `from` up to `to`; there are holes in their places. Their bytes are the caller's business. */
  keepExperts(from: number, to: number): void {
    const list = this.experts as GatedMLP[];
    for (const i of list.keys()) if (i < from || i >= to) delete list[i];
  }

  /** Choices that an expert takes of a number of tokens; undefined for no limit. */
  capacityOf(tokens: number): number | undefined {
    if (this.capacity === undefined) return undefined;
    return Math.max(1, Math.ceil(((tokens * this.perToken) / this.count) * this.capacity));
  }

  /** @param x f32 [tokens, width] */
  forward(x: Tensor, { share = 1, real, count = x.shape[0] }: MixtureTokens = {}): Tensor {
    const [tokens, width] = x.shape;
    const { perToken: k, normalize: renormalize } = this;
    const logits = this.router.call(x);
    const { chosen, weight: plain } = F.route({ logits, k, renormalize, bias: this.bias && inF32(this.bias) });
    const routed = { logits, chosen, real, tokens: count };
    this.#count(routed);
    const weight = withBalance(plain, routed, this.balance, share);
    const kept = this.#kept(chosen, weight, count, real);
    const { starts, order, place } = F.sortByExpert({ chosen: kept, experts: this.count + 1 });
    // Choice i is of token ⌊i / k⌋; the half keeps the quotient off the edge.
    const token = k === 1 ? order : order.to("f32").add(0.5).div(k).to("i32");
    const rows = F.embedding({ table: x, index: token });
    const own: Experts = (sorted, begins) => this.#compute(sorted, begins);
    const bounds = starts.slice(0, 0, this.count + 1);
    const computed = this.#around ? this.#around(own, rows, bounds) : own(rows, bounds);
    const results = F.embedding({ table: computed, index: place });
    return results.reshape([tokens, k, width]).mul(weight.unsqueeze(-1)).sum(1);
  }

  /** Frees the parameters, and the counts. */
  override dispose(): void {
    super.dispose();
    this.#load?.dispose();
    this.#load = undefined;
  }

  #compute(rows: Tensor, starts: Tensor): Tensor {
    const experts = this.experts.filter((expert) => expert !== undefined);
    const product = (x: Tensor, name: "gate" | "up" | "down"): Tensor =>
      F.expertLinear({ x, weights: experts.map((expert) => inF32(expert[name].weight)), starts });
    return product(F.swiglu({ gate: product(rows, "gate"), up: product(rows, "up") }), "down");
  }

  /** Choices that are computed; the number of experts stands for nobody. */
  #kept(chosen: Tensor, weight: Tensor, count: number, real: Tensor | undefined): Tensor {
    const capacity = this.capacityOf(count);
    if (capacity === undefined && !real) return chosen;
    return F.limitExperts({ chosen, weight: weight.detach(), experts: this.count, capacity, real });
  }

  #count(routed: Parameters<typeof countsOf>[0]): void {
    const { device } = this;
    const { recording, repeating } = tapeOf(device);
    if ((this.#load || this.bias) && recording && !repeating) device.noGrad(() => this.load.add_(countsOf(routed)));
  }
}

/**
 * Moves the bias of a mixture against what its experts had to do since the last time: up by `speed` for those that were chosen
 * less than the mean, down for those that were chosen more (Wang et al., "Auxiliary-Loss-Free Load Balancing Strategy for
 * Mixture-of-Experts", 2024). Once a step, after the counts of all ranks have been added up; counts begin anew.
 * @throws Error for a mixture without a bias.
 */
export function moveBias(moe: MoE, speed: number): void {
  const { bias, load } = moe;
  if (!bias) throw new Error("This mixture has no bias to move. Make it with biased: true.");
  const { device } = moe;
  device.noGrad(() =>
    device.scope(() => {
      const less = load.mean().sub(load);
      const sign = less.gt(0).to("f32").sub(less.lt(0).to("f32"));
      const [from] = bias.part.from; // ranks may have a part each
      bias.add_(
        sign
          .slice(0, from, from + bias.size)
          .mul(speed)
          .to(bias.dtype),
      );
      return undefined;
    }),
  );
  moe.resetLoad();
}

function routerForm({ dtype, gradDType, empty, meta, init }: LayerOptions): LayerOptions {
  return { dtype, gradDType, empty, meta, init };
}
