/**
 * Products whose weight is cut (Shoeybi et al., "Megatron-LM", 2019). By columns of the product: each rank computes some of
 * the outputs, and needs nothing from others. By rows of what is multiplied: each rank multiplies some of the inputs,
 * and the sum of all is the product; the bias is added once, after it.
 */
import { inF32, Linear, type Parameter, SelfAttention } from "../../nn/index.ts";
import { functional as F, type Tensor } from "../../tensor/index.ts";
import { type AxisType, changeType } from "../types/change.ts";
import { type Cut, shareOf } from "./shares.ts";
import type { AnyModule, Place, Style } from "./style.ts";

/** How weights are cut by columns. */
export interface ColumnOptions {
  /** Whether shares may differ by what is left over, as those of a vocabulary may. */
  readonly uneven?: boolean;
}

/**
 * Cuts a Linear's weight [out, in] and its bias along `out`. Its input is replicated, its output varies along the last axis.
 * Queries, keys and values of a SelfAttention are cut between heads. Where ranks are more than heads of keys, neighbors have
 * copies of one head, and sum its gradient.
 */
export function columns({ uneven = false }: ColumnOptions = {}): Style {
  return {
    kind: "weights",
    prepare: (module, place) => {
      const linear = linearAt("columns", module, place);
      const { size, rank } = place.group;
      const { pieces, unit, words, canCopy } = piecesOf(linear, place);
      const copies = canCopy && size > pieces && size % pieces === 0 ? size / pieces : 1;
      if (!uneven && copies === 1) checkShared(place, pieces, words);
      const share = shareOf(pieces, size / copies, Math.floor(rank / copies));
      const cut = (parameter: Parameter): Cut => ({
        parameter,
        along: 0,
        share: { from: unit * share.from, length: unit * share.length },
        copies,
      });
      const { weight, bias } = linear;
      const cuts = bias ? [cut(weight), cut(bias)] : [cut(weight)];
      if (copies === 1) return { cuts };
      return {
        cuts,
        copies,
        apply: (group) => {
          if (!group) throw new Error(`${place.path} has copies on ${copies} ranks, but no group of them.`);
          const used = (parameter: Parameter): Tensor => changeType(inF32(parameter), group, "identical", "replicated");
          linear.surround((_, x) => F.linear({ x, weight: used(weight), bias: bias && used(bias) }));
        },
      };
    },
  };
}

/** What a product by rows becomes. */
export interface RowOptions {
  /** The same on all ranks, or cut along tokens, by default where the sequence is. */
  readonly to?: "identical" | "varying";
}

/**
 * Cuts a Linear's weight [out, in] along `in`. Its input varies along the last axis; its output, a partial sum, is summed
 * on all ranks, or on each for its tokens (along axis 0); then the bias is added.
 */
export function rows({ to }: RowOptions = {}): Style {
  return {
    kind: "weights",
    prepare: (module, place) => {
      const linear = linearAt("rows", module, place);
      const { group } = place;
      const { weight, bias } = linear;
      const width = weight.shape[1];
      checkShared(place, width, "columns of its weight");
      const type: AxisType = to ?? (place.sequence ? "varying" : "identical");
      return {
        cuts: [{ parameter: weight, along: 1, share: shareOf(width, group.size, group.rank), copies: 1 }],
        partial: bias && type === "varying" ? [bias] : [],
        apply: () =>
          linear.surround((_, x) => {
            const y = changeType(F.linear({ x, weight: inF32(weight) }), group, "partial", type);
            return bias ? y.add(inF32(bias)) : y;
          }),
      };
    },
  };
}

/** What the outputs of a Linear are shared out in: heads, where it makes queries, keys or values, and else single ones. */
function piecesOf(linear: Linear, { parent }: Place) {
  const [outputs] = linear.weight.shape;
  if (!(parent instanceof SelfAttention) || parent.o === linear)
    return { pieces: outputs, unit: 1, words: "rows of its weight", canCopy: false };
  const unit = parent.headDim;
  return { pieces: outputs / unit, unit, words: `heads, each ${unit} wide,`, canCopy: linear !== parent.q };
}

function linearAt(style: string, module: AnyModule, { path }: Place): Linear {
  if (module instanceof Linear) return module;
  throw new TypeError(`${style}() cuts a Linear, but ${path || "the model"} is a ${module.constructor.name}.`);
}

function checkShared({ path, group, axis }: Place, pieces: number, words: string): void {
  if (pieces % group.size === 0) return;
  throw new RangeError(
    `${path || "The model"}: ${pieces} ${words} cannot be shared out among ${group.size} ranks of axis ${axis}. ` +
      `Choose numbers of which one divides the other, such as a smaller ${axis}.`,
  );
}
