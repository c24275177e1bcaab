/**
 * Experts cut along their hidden width, by tensor parallelism: every rank has a part of each expert, and computes it for all
 * tokens. The router is whole, and each rank uses its scores for its parts, so that its gradient is a term of a sum.
 */
import { Linear } from "../../nn/index.ts";
import { input, output, partialGradients } from "../tensor/edges.ts";
import { shareOf } from "../tensor/shares.ts";
import type { Plan, Style } from "../tensor/style.ts";
import type { AxisType } from "../types/change.ts";

/** The plan of a mixture at a path, such as `layers.*.mlp`. @param type of the stream between layers. */
export function mixturePlan(path: string, type: AxisType & ("identical" | "varying")): Plan {
  return {
    [path]: [input(type, "replicated"), output("partial", type)],
    [`${path}.router`]: partialGradients(),
    [`${path}.experts.*.gate`]: hidden(0),
    [`${path}.experts.*.up`]: hidden(0),
    [`${path}.experts.*.down`]: hidden(1),
  };
}

/** Cuts a weight along one of its axes; the mixture multiplies by what is there. */
function hidden(along: 0 | 1): Style {
  return {
    kind: "weights",
    prepare: (module, { path, group, axis }) => {
      if (!(module instanceof Linear)) throw new TypeError(`${path} is no Linear, but a ${module.constructor.name}.`);
      const length = module.weight.shape[along];
      if (length % group.size !== 0) {
        throw new RangeError(
          `${path}: a hidden width of ${length} cannot be shared out among ${group.size} ranks of axis ${axis}. ` +
            `Choose numbers of which one divides the other, such as a smaller ${axis}.`,
        );
      }
      return { cuts: [{ parameter: module.weight, along, share: shareOf(length, group.size, group.rank), copies: 1 }] };
    },
  };
}
