// Softmax over rows of f32, in three passes over a row that sits in cache:
// its maximum, the exponentials and their sum, the scaling.
import { Ptr } from "./lanes";
import { exp4 } from "./math";

// @ts-ignore: decorator
@inline function lane(v: v128): f32 { return f32x4.extract_lane(v, 0); }

/** y[r,:] = softmax(x[r,:]) for rows x cols of f32. In place allowed. */
export function softmax(x: Ptr, y: Ptr, rows: i32, cols: i32): void {
  const bytes = <Ptr>cols * 4, body = bytes & ~15;
  for (let r = 0; r < rows; r++, x += bytes, y += bytes) {
    let top = f32x4.splat(-Infinity);
    let i: Ptr = 0;
    for (; i < body; i += 16) top = f32x4.max(top, v128.load(x + i));
    for (; i < bytes; i += 4) top = f32x4.max(top, v128.load_splat<u32>(x + i));
    top = f32x4.max(top, v128.shuffle<i32>(top, top, 2, 3, 0, 1));
    top = f32x4.max(top, v128.shuffle<i32>(top, top, 1, 0, 3, 2));

    let sums = f32x4.splat(0);
    for (i = 0; i < body; i += 16) {
      const e = exp4(f32x4.sub(v128.load(x + i), top));
      v128.store(y + i, e);
      sums = f32x4.add(sums, e);
    }
    let sum = (f32x4.extract_lane(sums, 0) + f32x4.extract_lane(sums, 1))
      + (f32x4.extract_lane(sums, 2) + f32x4.extract_lane(sums, 3));
    for (; i < bytes; i += 4) {
      const e = lane(exp4(f32x4.sub(v128.load_splat<u32>(x + i), top)));
      store<f32>(y + i, e);
      sum += e;
    }

    const total = f32x4.splat(sum);
    for (i = 0; i < body; i += 16) v128.store(y + i, f32x4.div(v128.load(y + i), total));
    for (; i < bytes; i += 4) store<f32>(y + i, load<f32>(y + i) / sum);
  }
}
