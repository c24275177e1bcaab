/**
 * One arithmetic for every reduction, whatever the algorithm and the transport:
 *
 *   f16, bf16   are added and multiplied in f32 and rounded once, at the end
 *   mean        never overflows on the way: floats are scaled by a power of two before they are
 *               added (exact, so the bits are those of the sum divided), u8 is added in 32 bits,
 *               i32 as upper and lower halves; integers divide the true sum, truncated toward zero
 *   the rest    is reduced as it is; integer sums and products wrap
 *
 * So where an algorithm sends messages, such tensors travel in a wide form: f32 for halves, i32 for
 * the mean of u8, two i32 for the mean of i32. (kernels/assembly/mean.ts; combine does the same for
 * tensors that lie in shared memory.)
 */
import { type DType, type ReduceOp, sizeOf } from "../../device/index.ts";
import type { Operator } from "../core/operation.ts";
import { type Span, slice } from "../core/span.ts";
import type { Comm, Steps } from "../core/transport.ts";

const halves: readonly DType[] = ["f16", "bf16"];

/** Whether a reduction travels in a wide form. */
export function isWide(dtype: DType, operator: Operator): boolean {
  return operator === "mean" || (halves.includes(dtype) && (operator === "sum" || operator === "product"));
}

/** Bytes of an element on its way through an algorithm made of messages. */
export function travellingBytes(dtype: DType, operator: Operator): number {
  if (!isWide(dtype, operator)) return sizeOf(dtype);
  return dtype === "i32" ? 8 : 4;
}

/** The operator of the wide form. */
export function innerOperator(operator: Operator): ReduceOp {
  return operator === "mean" ? "sum" : operator;
}

/** Memory for the wide form of some elements. */
export function wideScratch(comm: Comm, count: number, dtype: DType): Span {
  const integers = dtype === "i32" || dtype === "u8";
  return comm.scratch(dtype === "i32" ? 2 * count : count, integers ? "i32" : "f32");
}

/** The first `count` elements' part of such memory, as one of fewer elements. */
export function wideSlice(memory: Span, count: number, dtype: DType): Span {
  return slice(memory, 0, dtype === "i32" ? 2 * count : count);
}

/**
 * Runs an algorithm that reduces in place on the span, or on its wide form and then back.
 * @param result whether this rank's span takes the result; it stays as it is otherwise.
 * @param run gets what to reduce, and an operator that is no mean.
 */
export function* reduceWide(
  comm: Comm,
  span: Span,
  operator: Operator,
  result: boolean,
  run: (span: Span, operator: ReduceOp) => Steps,
): Steps {
  const { dtype, count } = span;
  const inner = innerOperator(operator);
  if (!isWide(dtype, operator)) {
    const own = result ? span : comm.scratch(count, dtype);
    comm.copy(own, span);
    yield* run(own, inner);
    return;
  }
  const divisor = operator === "mean" ? comm.size : 1;
  const wide = result && dtype === "f32" ? span : wideScratch(comm, count, dtype);
  comm.widen(wide, span, divisor);
  yield* run(wide, inner);
  if (result) comm.narrow(span, wide, divisor);
}
