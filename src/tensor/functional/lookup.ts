/** Rows of tables, and the loss over columns. */

import { rawOf } from "../raw.ts";
import type { Tensor } from "../tensor.ts";
import { rowsOf, shaped, tensors } from "./check.ts";

/** A table and the rows that are wanted. */
export interface Lookup {
  /** f32 [rows, width] */
  readonly table: Tensor;
  /** i32, any shape */
  readonly index: Tensor;
}

/** The rows that an index names. @returns [...index, width]. @throws KernelError, at the next wait, for a row that is not there. */
export function embedding(args: Lookup): Tensor {
  const { table, index } = args;
  const { rows, width } = tableOf("embedding", table, index);
  return table.device.fused("embedding", args, () => {
    const out = table.device.empty([...index.shape, width]);
    rawOf(table.device).launch("gather", [table.ref(), index.ref(), out.ref()], [rows, index.size, width]);
    return out;
  });
}

/** Adds rows to those that an index names: the gradient of an embedding. @param args.source [...index, width] */
export function embeddingBackward(args: Lookup & { source: Tensor }): Tensor {
  const { table, index, source } = args;
  tensors("embeddingBackward", { source });
  const { rows, width } = tableOf("embeddingBackward", table, index);
  shaped("embeddingBackward", "source", source, [...index.shape, width], "a row for each index");
  return table.device.fused("embeddingBackward", args, () => {
    const refs = [table.ref(), index.ref(), source.ref()];
    rawOf(table.device).launch("scatterAdd", refs, [rows, index.size, width]);
    return table;
  });
}

function tableOf(call: string, table: Tensor, index: Tensor): { rows: number; width: number } {
  tensors(call, { table });
  tensors(call, { index }, "i32");
  if (table.shape.length !== 2) throw new RangeError(`${call} takes a table [rows, width], but got ${table}.`);
  return { rows: table.shape[0], width: table.shape[1] };
}

/** Arguments of the loss. */
export interface CrossEntropy {
  /** f32 [..., cols] */
  readonly logits: Tensor;
  /** i32, one for each row: the right column. */
  readonly target: Tensor;
  /** A target that does not count. */
  readonly ignored?: number;
  /** Factor of the gradient, such as one over the number of targets that count. */
  readonly scale?: number;
  /** Writes the gradient over the logits. */
  readonly inPlace?: boolean;
}

/**
 * The negative log-likelihood of each row's target, and the gradient of the logits in the same pass.
 * @returns loss, one for each row (0 where ignored), and dlogits like the logits.
 * @throws KernelError, at the next wait, for a target that is no column.
 */
export function crossEntropy(args: CrossEntropy): { loss: Tensor; dlogits: Tensor } {
  const { logits, target, ignored = -100, scale = 1, inPlace = false } = args;
  tensors("crossEntropy", { logits });
  tensors("crossEntropy", { target }, "i32");
  const { rows, cols } = rowsOf("crossEntropy", "logits", logits);
  shaped("crossEntropy", "target", target, logits.shape.slice(0, -1), "one for each row of the logits");
  return logits.device.fused("crossEntropy", args, () => {
    const loss = logits.device.empty(target.shape);
    const dlogits = inPlace ? logits : logits.device.empty(logits.shape);
    const refs = [logits, target, loss, dlogits].map((tensor) => tensor.ref());
    rawOf(logits.device).launch("crossEntropy", refs, [rows, cols, ignored, scale]);
    return { loss, dlogits };
  });
}

/**
 * Looks whether each target is a column, for losses of which no rank has all columns.
 * @param args.target i32, any shape. @returns the target. @throws KernelError, at the next wait, as crossEntropy does.
 */
export function checkTargets(args: { target: Tensor; columns: number }): Tensor {
  const { target, columns } = args;
  tensors("checkTargets", { target }, "i32");
  return target.device.fused("checkTargets", args, () => {
    rawOf(target.device).launch("checkTargets", [target.ref()], [target.size, columns]);
    return target;
  });
}

/** Arguments of the loss with weights. */
export interface WeightedCrossEntropy extends CrossEntropy {
  /** f32, one for each row: what its loss is multiplied by. */
  readonly weight: Tensor;
}

/**
 * The same with a weight for each row: loss = weight · negative log-likelihood, and dlogits is its gradient times `scale`.
 * @throws KernelError, at the next wait, for a target that is no column.
 */
export function weightedCrossEntropy(args: WeightedCrossEntropy): { loss: Tensor; dlogits: Tensor } {
  const { logits, target, weight, ignored = -100, scale = 1, inPlace = false } = args;
  tensors("weightedCrossEntropy", { logits, weight });
  tensors("weightedCrossEntropy", { target }, "i32");
  const { rows, cols } = rowsOf("weightedCrossEntropy", "logits", logits);
  for (const [name, each] of Object.entries({ target, weight }))
    shaped("weightedCrossEntropy", name, each, logits.shape.slice(0, -1), "one for each row of the logits");
  return logits.device.fused("weightedCrossEntropy", args, () => {
    const loss = logits.device.empty(target.shape);
    const dlogits = inPlace ? logits : logits.device.empty(logits.shape);
    const refs = [logits, target, weight, loss, dlogits].map((tensor) => tensor.ref());
    rawOf(logits.device).launch("crossEntropyWeighted", refs, [rows, cols, ignored, scale]);
    return { loss, dlogits };
  });
}
