// Many tensors in one launch. A list says where they lie: `width` addresses and a length for each.
import { Ptr } from "./lanes";
import { sum4 } from "./rows";

/**
 * AdamW (Loshchilov and Hutter, 2019) on f32 tensors: list of (parameter, gradient, first moment,
 * second moment, n). Gradients are multiplied by `scale` first, which is 1 or the word at `clip`.
 * c1 and c2 are 1 - beta^step.
 */
export function adamw(list: Ptr, clip: Ptr, count: i32, lr: f32, beta1: f32, beta2: f32, eps: f32, decay: f32,
                      c1: f32, c2: f32): void {
  const scale = f32x4.splat(load<f32>(clip));
  const b1 = f32x4.splat(beta1), a1 = f32x4.splat(1 - beta1), b2 = f32x4.splat(beta2), a2 = f32x4.splat(1 - beta2);
  const shrink = f32x4.splat(1 - lr * decay), step = f32x4.splat(lr / c1), root = f32x4.splat(1 / sqrt<f32>(c2));
  const e = f32x4.splat(eps);
  for (let t = 0; t < count; t++, list += 20) {
    const p = <Ptr>load<u32>(list), g = <Ptr>load<u32>(list, 4), m = <Ptr>load<u32>(list, 8), v = <Ptr>load<u32>(list, 12);
    const bytes = <Ptr>load<u32>(list, 16) * 4;
    let i: Ptr = 0;
    for (; i + 16 <= bytes; i += 16) {
      const d = f32x4.mul(v128.load(g + i), scale);
      const first = f32x4.add(f32x4.mul(b1, v128.load(m + i)), f32x4.mul(a1, d));
      const second = f32x4.add(f32x4.mul(b2, v128.load(v + i)), f32x4.mul(a2, f32x4.mul(d, d)));
      v128.store(m + i, first);
      v128.store(v + i, second);
      const move = f32x4.div(f32x4.mul(step, first), f32x4.add(f32x4.mul(f32x4.sqrt(second), root), e));
      v128.store(p + i, f32x4.sub(f32x4.mul(v128.load(p + i), shrink), move));
    }
    for (; i < bytes; i += 4) {
      const d = load<f32>(g + i) * load<f32>(clip);
      const first = beta1 * load<f32>(m + i) + (1 - beta1) * d;
      const second = beta2 * load<f32>(v + i) + (1 - beta2) * (d * d);
      store<f32>(m + i, first);
      store<f32>(v + i, second);
      const move = (lr / c1) * first / (sqrt<f32>(second) * (1 / sqrt<f32>(c2)) + eps);
      store<f32>(p + i, load<f32>(p + i) * (1 - lr * decay) - move);
    }
  }
}

/** out[0] = the norm of all elements of all tensors of a list of (tensor, n), out[1] = min(1, most / norm). */
export function gradNorm(list: Ptr, out: Ptr, count: i32, most: f32): void {
  let total: f64 = 0;
  for (let t = 0; t < count; t++, list += 8) {
    const x = <Ptr>load<u32>(list);
    const bytes = <Ptr>load<u32>(list, 4) * 4;
    // Runs of 4096 elements are summed in f32, the runs in f64: a sum of billions stays exact enough.
    for (let from: Ptr = 0; from < bytes; from += 16384) {
      const end = min<Ptr>(bytes, from + 16384);
      let a = f32x4.splat(0), b = a;
      let i = from;
      for (; i + 32 <= end; i += 32) {
        const p = v128.load(x + i), q = v128.load(x + i, 16);
        a = f32x4.add(a, f32x4.mul(p, p));
        b = f32x4.add(b, f32x4.mul(q, q));
      }
      let sum = sum4(f32x4.add(a, b));
      for (; i < end; i += 4) sum += load<f32>(x + i) * load<f32>(x + i);
      total += <f64>sum;
    }
  }
  const norm = <f32>sqrt<f64>(total);
  store<f32>(out, norm);
  store<f32>(out, norm > most ? most / norm : 1, 4);
}
