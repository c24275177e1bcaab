// Softmax and cross-entropy in one pass over the logits, with their gradient: the probabilities
// are never kept.
import { Ptr } from "./lanes";
import { exp4, log4 } from "./math";
import { max4, sum4 } from "./rows";

// @ts-ignore: decorator
@inline function exp1(x: f32): f32 { return f32x4.extract_lane(exp4(f32x4.splat(x)), 0); }

/**
 * loss[r] = log(sum(exp(logits[r, :]))) - logits[r, target[r]], and
 * dlogits[r, :] = (softmax(logits[r, :]) - onehot(target[r])) * scale, which may lie over logits.
 * Rows whose target is `ignored` count nothing. Returns 0, or 1 + the first row whose target is no column.
 */
export function crossEntropy(logits: Ptr, target: Ptr, loss: Ptr, dlogits: Ptr,
                             rows: i32, cols: i32, ignored: i32, scale: f32): i32 {
  const bytes = <Ptr>cols * 4, body = bytes & ~15;
  for (let r = 0; r < rows; r++, logits += bytes, dlogits += bytes) {
    const hit = load<i32>(target + <Ptr>r * 4);
    if (hit == ignored) {
      memory.fill(dlogits, 0, bytes);
      store<f32>(loss + <Ptr>r * 4, 0);
      continue;
    }
    if (<u32>hit >= <u32>cols) return r + 1;
    let tops = f32x4.splat(-Infinity);
    let i: Ptr = 0;
    for (; i < body; i += 16) tops = f32x4.max(tops, v128.load(logits + i));
    let top = max4(tops);
    for (; i < bytes; i += 4) top = max<f32>(top, load<f32>(logits + i));
    const chosen = load<f32>(logits + <Ptr>hit * 4);
    const shift = f32x4.splat(top);
    let sums = f32x4.splat(0);
    for (i = 0; i < body; i += 16) {
      const e = exp4(f32x4.sub(v128.load(logits + i), shift));
      v128.store(dlogits + i, e);
      sums = f32x4.add(sums, e);
    }
    let sum = sum4(sums);
    for (; i < bytes; i += 4) {
      const e = exp1(load<f32>(logits + i) - top);
      store<f32>(dlogits + i, e);
      sum += e;
    }
    store<f32>(loss + <Ptr>r * 4, f32x4.extract_lane(log4(f32x4.splat(sum)), 0) + (top - chosen));
    const factor = scale / sum, f = f32x4.splat(factor);
    for (i = 0; i < body; i += 16) v128.store(dlogits + i, f32x4.mul(v128.load(dlogits + i), f));
    for (; i < bytes; i += 4) store<f32>(dlogits + i, load<f32>(dlogits + i) * factor);
    const mark = dlogits + <Ptr>hit * 4;
    store<f32>(mark, load<f32>(mark) - scale);
  }
  return 0;
}
