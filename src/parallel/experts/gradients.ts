/**
 * Gradients of a model whose experts are on several ranks: those of experts are summed over the ranks that have the same
 * experts, which other ranks' tokens have reached already; all others over the ranks of both kinds.
 */
import { MoE, type Parameter, type ParameterTree } from "../../nn/index.ts";
import type { Along } from "../data/along.ts";
import { type DataParallelOptions, DistributedDataParallel } from "../data/data-parallel.ts";

/** Data parallelism around experts that ranks share out. */
export class ExpertDataParallel {
  readonly #parts: readonly DistributedDataParallel[];

  private constructor(parts: readonly DistributedDataParallel[]) {
    this.#parts = parts;
  }

  /**
   * Makes parameters alike where they are the same, and sums gradients from now on.
   * @param along the ranks that see other samples, all of them. @param alike those of them that have the same experts.
   */
  static async wrap(
    model: ParameterTree,
    along: Along,
    alike: Along,
    options: DataParallelOptions = {},
  ): Promise<ExpertDataParallel> {
    const mixtures = [...model.namedModules()].flatMap(([, module]) => (module instanceof MoE ? module : []));
    const ofExperts = new Set(mixtures.flatMap((moe) => moe.experts.flatMap((expert) => expert.parameters())));
    const wrap = (group: Along, only: (parameter: Parameter) => boolean) =>
      DistributedDataParallel.wrap(model, group, { ...options, only });
    return new ExpertDataParallel([
      await wrap(along, (parameter) => !ofExperts.has(parameter)),
      await wrap(alike, (parameter) => ofExperts.has(parameter)),
    ]);
  }

  /** The buckets of both, those of the shared parameters first. */
  get buckets(): DistributedDataParallel["buckets"] {
    return this.#parts.flatMap(({ buckets }) => buckets);
  }

  /** As DistributedDataParallel's. */
  noSync<R>(body: () => R): R {
    const [shared, experts] = this.#parts;
    return shared.noSync(() => experts.noSync(body));
  }

  /** As DistributedDataParallel's; all ranks of both groups call it. */
  async synchronize(): Promise<void> {
    for (const part of this.#parts) await part.synchronize();
  }

  /** Lets the model go. */
  dispose(): void {
    for (const part of this.#parts) part.dispose();
  }
}
