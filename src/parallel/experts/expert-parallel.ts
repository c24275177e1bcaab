/** Expert parallelism: every rank along an axis has some of a mixture's experts, and the tokens of samples of its own. */
import { MoE, type ParameterTree } from "../../nn/index.ts";
import type { Mesh } from "../mesh.ts";
import { ExpertExchange } from "./exchange.ts";

/** The mixtures of a model whose experts ranks share out. */
export class ExpertParallel {
  /** The mixtures, in the order of the model. */
  readonly mixtures: readonly MoE[];
  readonly #exchange: ExpertExchange;

  private constructor(mixtures: readonly MoE[], exchange: ExpertExchange) {
    this.mixtures = mixtures;
    this.#exchange = exchange;
  }

  /**
   * Leaves a model the experts of this rank alone, under the names that they have in the whole; before optimizers are made.
   * @param axis of the mesh, along which ranks see other samples.
   * @throws RangeError, before anything is given up, for a model without mixtures, and for experts that the ranks do not divide.
   */
  static apply(model: ParameterTree, mesh: Mesh, axis = "ep"): ExpertParallel {
    const group = mesh.group(axis);
    const found = [...model.namedModules()].filter(([, module]) => module instanceof MoE) as [string, MoE][];
    if (found.length === 0) {
      throw new RangeError(`There is nothing to share out along ${axis}: the model has no mixture of experts.`);
    }
    for (const [path, { count }] of found) checkExperts(count, group.size, { path, axis });
    const exchange = new ExpertExchange(group);
    for (const [, moe] of found) {
      const own = moe.count / group.size;
      for (const [i, expert] of moe.experts.entries())
        if (Math.floor(i / own) === group.rank) {
          for (const parameter of expert.parameters()) parameter.describe({ axes: [...parameter.part.axes, axis] });
        } else expert.dispose();
      moe.keepExperts(group.rank * own, (group.rank + 1) * own);
      moe.surroundExperts((experts, rows, starts) => exchange.compute(experts, rows, starts));
    }
    return new ExpertParallel(
      found.map(([, moe]) => moe),
      exchange,
    );
  }

  /** @param rows choices that all ranks of the axis have together, at most, in a micro-batch to come. */
  makeRoom(rows: number): void {
    this.#exchange.makeRoom(rows);
  }
}

/** @throws RangeError with both numbers. */
export function checkExperts(experts: number, ranks: number, { path = "A mixture", axis = "ep" } = {}): void {
  if (experts % ranks === 0) return;
  throw new RangeError(
    `${path}: ${experts} experts cannot be shared out among ${ranks} ranks of axis ${axis}. Choose a number of ranks that divides them.`,
  );
}
