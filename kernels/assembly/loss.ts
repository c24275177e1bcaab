// Softmax and cross-entropy in one pass over the logits, with their gradient: the probabilities
// are never kept.
import { Ptr } from "./lanes";
import { log4 } from "./math";
import { largest, scaleRow } from "./rows";
import { expRow } from "./sweep";

/**
 * loss[r] = w * (log(sum(exp(logits[r, :]))) - logits[r, target[r]]), and
 * dlogits[r, :] = (softmax(logits[r, :]) - onehot(target[r])) * w * scale, which may lie over logits; w is weight[r],
 * or 1 without weights (address 0). Rows whose target is `ignored` count nothing.
 * Returns 0, or 1 + the first row whose target is no column.
 */
export function crossEntropy(logits: Ptr, target: Ptr, weight: Ptr, loss: Ptr, dlogits: Ptr,
                             rows: i32, cols: i32, ignored: i32, scale: f32): i32 {
  const bytes = <Ptr>cols * 4;
  for (let r = 0; r < rows; r++, logits += bytes, dlogits += bytes) {
    const hit = load<i32>(target + <Ptr>r * 4);
    if (hit == ignored) {
      memory.fill(dlogits, 0, bytes);
      store<f32>(loss + <Ptr>r * 4, 0);
      continue;
    }
    if (<u32>hit >= <u32>cols) return r + 1;
    const w: f32 = weight ? load<f32>(weight + <Ptr>r * 4) : 1, factor = w * scale;
    const top = largest(logits, bytes);
    const chosen = load<f32>(logits + <Ptr>hit * 4);
    const sum = expRow(logits, dlogits, bytes, 1, top);
    store<f32>(loss + <Ptr>r * 4, w * (f32x4.extract_lane(log4(f32x4.splat(sum)), 0) + (top - chosen)));
    scaleRow(dlogits, bytes, factor / sum);
    const mark = dlogits + <Ptr>hit * 4;
    store<f32>(mark, load<f32>(mark) - factor);
  }
  return 0;
}
