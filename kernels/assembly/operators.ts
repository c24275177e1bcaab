// The reduction operators, shared by `reduce` and `combine`. With a constant operator the
// compiler keeps one branch.
import { floatLanes } from "./lanes";

/** Operator codes shared with src/device/kernels/basic.ts. */
export const SUM = 0, MIN = 1, MAX = 2, PRODUCT = 3;

/** a op b, lane by lane. Minimum and maximum pass NaN on; integers wrap. */
// @ts-ignore: decorator
@inline export function join<T>(op: i32, a: v128, b: v128): v128 {
  if (floatLanes<T>()) {
    if (op == SUM) return f32x4.add(a, b);
    if (op == MIN) return f32x4.min(a, b);
    if (op == MAX) return f32x4.max(a, b);
    return f32x4.mul(a, b);
  }
  if (op == SUM) return i32x4.add(a, b);
  if (op == MIN) return i32x4.min_s(a, b);
  if (op == MAX) return i32x4.max_s(a, b);
  return i32x4.mul(a, b);
}
