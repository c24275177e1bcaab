/**
 * An embedding whose rows are cut: each rank has the vectors of some words. It looks up its own, has zeros for the others,
 * and the sum over ranks is the lookup (Megatron-LM's VocabParallelEmbedding). The vocabulary need not divide.
 */
import { customOperation } from "../../autograd/index.ts";
import { Embedding, inF32 } from "../../nn/index.ts";
import { functional as F, type Tensor, type TensorDevice } from "../../tensor/index.ts";
import { type AxisType, changeType } from "../types/change.ts";
import type { RowOptions } from "./linear.ts";
import { type Share, shareOf } from "./shares.ts";
import type { Style } from "./style.ts";

/**
 * Cuts an Embedding's weight [words, width] along its rows. Its result is summed on all ranks, or on each for its tokens.
 * @param options.to by default cut along tokens where the sequence is.
 */
export function vocabularyRows({ to }: RowOptions = {}): Style {
  return {
    kind: "weights",
    prepare: (module, { path, group, sequence }) => {
      if (!(module instanceof Embedding))
        throw new TypeError(
          `vocabularyRows() cuts an Embedding, but ${path || "the model"} is a ${module.constructor.name}.`,
        );
      const { weight } = module;
      const [words] = weight.shape;
      const share = shareOf(words, group.size, group.rank);
      const type: AxisType = to ?? (sequence ? "varying" : "identical");
      return {
        cuts: [{ parameter: weight, along: 0, share, copies: 1 }],
        apply: () =>
          module.surround((_, index) =>
            changeType(ownRows(inF32(weight), index, share, words), group, "partial", type),
          ),
      };
    },
  };
}

/**
 * Rows of one's own, and zeros for the words of other ranks.
 * @param table f32 [share.length, width]. @param index i32 [...]. @returns [...index, width].
 * @throws KernelError, at the next wait, for what is no word at all, on every rank.
 */
export function ownRows(table: Tensor, index: Tensor, share: Share, words: number): Tensor {
  checkWords(index, words);
  const own = index.sub(share.from);
  const isOwn = own.ge(0).to("i32").mul(own.lt(share.length).to("i32"));
  if (share.length === 0) return nothing(table, index);
  const rows = F.embedding({ table, index: own.mul(isOwn) });
  return rows.mul(isOwn.to("f32").unsqueeze(-1));
}

/** Lets the stream fail for an index that is no word. It copies rows without elements out of a table of so many rows. */
function checkWords(index: Tensor, words: number): void {
  const device = index.device as TensorDevice;
  device.noGrad(() =>
    device.scope(() => {
      F.embedding({ table: device.empty([words, 0]), index: index.contiguous() });
      return undefined;
    }),
  );
}

/** Zeros that depend on a table without rows, so that this rank, too, takes part in what its gradient does. */
function nothing(table: Tensor, index: Tensor): Tensor {
  const device = table.device as TensorDevice;
  return customOperation({
    name: "rows of nothing",
    inputs: [table],
    activates: true,
    forward: () => device.zeros([...index.shape, table.shape[1]]),
    backward: () => [device.zeros(table.shape)],
  });
}
