/** Styles that stand between modules: types that change before or after one, and gradients that are terms of a sum. */
import { Decoder } from "../../models/index.ts";
import { Parameter } from "../../nn/index.ts";
import { type AxisType, changeType } from "../types/change.ts";
import { type Style, tensorAt } from "./style.ts";

/** Changes the type of a module's first argument. @param options.axis of the tensor along which slices lie: 0, tokens. */
export function input(from: AxisType, to: AxisType, options: { readonly axis?: number } = {}): Style {
  return {
    kind: "input",
    prepare: (module, { path, group }) => ({
      apply: () =>
        module.surround((forward, x, ...rest) =>
          forward(changeType(tensorAt(path, x), group, from, to, options), ...rest),
        ),
    }),
  };
}

/** Changes the type of a module's result. @param options.axis of the tensor along which slices lie: 0, tokens. */
export function output(from: AxisType, to: AxisType, options: { readonly axis?: number } = {}): Style {
  return {
    kind: "output",
    prepare: (module, { path, group }) => ({
      apply: () =>
        module.surround((forward, ...args) => changeType(tensorAt(path, forward(...args)), group, from, to, options)),
    }),
  };
}

/**
 * Parameters of the module that stay whole, while each rank uses them for some of the tokens, or heads: their gradients are
 * terms of a sum, which is taken after backward.
 */
export function partialGradients(): Style {
  return {
    kind: "weights",
    prepare: (module) => ({ partial: Object.values(module).filter((field) => field instanceof Parameter) }),
  };
}

/**
 * For a Decoder whose tokens are cut along the axis: refuses batches that cannot be, before anything is computed.
 * @throws RangeError, when the model is called, for tokens that do not divide, and for rows of which alone scores are wanted.
 */
export function cutTokens(): Style {
  return {
    kind: "input",
    prepare: (module, { group, axis }) => ({
      apply: () => {
        if (!(module instanceof Decoder)) throw new TypeError("cutTokens() is for a Decoder.");
        module.surround((forward, batch, cache, rows) => {
          const tokens = batch.tokens.size;
          if (tokens % group.size !== 0) {
            const missing = group.size - (tokens % group.size);
            throw new RangeError(
              `${tokens} tokens cannot be cut for ${group.size} ranks of axis ${axis}. Add a sequence of ${missing} with ignored labels, or take ` +
                "batches that divide.",
            );
          }
          if (rows) {
            throw new RangeError(
              `Scores of ${rows.size} rows alone: their tokens are cut among ${group.size} ranks. Leave rows out, or sequence parallelism.`,
            );
          }
          return forward(batch, cache, rows);
        });
      },
    }),
  };
}
