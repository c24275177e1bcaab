// Optimizers: many tensors in one launch. A list says where they lie: some addresses and a length for each.
// Threads that share the work take turns at runs of 4096 elements, so that each has its part of every tensor.
import { Ptr, store1, store4 } from "./lanes";
import { sum4 } from "./rows";

const RUN: Ptr = 16384; // bytes

/** What becomes of the weights' decay: a part of the gradient (Adam), or apart from it (AdamW); with a copy in bf16, or without. */
const ADAM = 0, ADAMW = 1, MASTER = 2;

// @ts-ignore: decorator
@inline function adamLike(kind: i32, list: Ptr, clip: Ptr, count: i32, lr: f32, beta1: f32, beta2: f32, eps: f32,
                          decay: f32, c1: f32, c2: f32, part: i32, parts: i32): void {
  const factor = load<f32>(clip), shrinking: f32 = kind == ADAM ? 1 : 1 - lr * decay, pull: f32 = kind == ADAM ? decay : 0;
  const scale = f32x4.splat(factor);
  const b1 = f32x4.splat(beta1), a1 = f32x4.splat(1 - beta1), b2 = f32x4.splat(beta2), a2 = f32x4.splat(1 - beta2);
  const shrink = f32x4.splat(shrinking), step = f32x4.splat(lr / c1), root = f32x4.splat(1 / sqrt<f32>(c2));
  const e = f32x4.splat(eps);
  let turn = 0;
  for (let t = 0; t < count; t++, list += kind == MASTER ? 24 : 20) {
    const p = <Ptr>load<u32>(list), g = <Ptr>load<u32>(list, 4), m = <Ptr>load<u32>(list, 8), v = <Ptr>load<u32>(list, 12);
    const copy: Ptr = kind == MASTER ? <Ptr>load<u32>(list, 16) : 0;
    const bytes = <Ptr>load<u32>(list + (kind == MASTER ? 20 : 16)) * 4;
    for (let from: Ptr = 0; from < bytes; from += RUN) {
      if (turn++ % parts != part) continue;
      const end = min<Ptr>(bytes, from + RUN);
      let i = from;
      for (; i + 16 <= end; i += 16) {
        const before = v128.load(p + i);
        let d = f32x4.mul(v128.load(g + i), scale);
        if (kind == ADAM) d = f32x4.add(d, f32x4.mul(before, f32x4.splat(pull)));
        const first = f32x4.add(f32x4.mul(b1, v128.load(m + i)), f32x4.mul(a1, d));
        const second = f32x4.add(f32x4.mul(b2, v128.load(v + i)), f32x4.mul(a2, f32x4.mul(d, d)));
        v128.store(m + i, first);
        v128.store(v + i, second);
        const move = f32x4.div(f32x4.mul(step, first), f32x4.add(f32x4.mul(f32x4.sqrt(second), root), e));
        const now = f32x4.sub(kind == ADAM ? before : f32x4.mul(before, shrink), move);
        v128.store(p + i, now);
        if (kind == MASTER) store4<i16>(copy + i / 2, now);
      }
      for (; i < end; i += 4) {
        const before = load<f32>(p + i);
        let d = load<f32>(g + i) * factor;
        if (kind == ADAM) d += before * pull;
        const first = beta1 * load<f32>(m + i) + (1 - beta1) * d;
        const second = beta2 * load<f32>(v + i) + (1 - beta2) * (d * d);
        store<f32>(m + i, first);
        store<f32>(v + i, second);
        const move = (lr / c1) * first / (sqrt<f32>(second) * (1 / sqrt<f32>(c2)) + eps);
        const now = (kind == ADAM ? before : before * shrinking) - move;
        store<f32>(p + i, now);
        if (kind == MASTER) store1<i16>(copy + i / 2, f32x4.splat(now));
      }
    }
  }
}

/**
 * AdamW (Loshchilov and Hutter, 2019) on f32 tensors: list of (parameter, gradient, first moment,
 * second moment, n). Gradients are multiplied by the word at `clip` first. c1 and c2 are 1 - beta^step.
 */
export function adamw(list: Ptr, clip: Ptr, count: i32, lr: f32, beta1: f32, beta2: f32, eps: f32, decay: f32,
                      c1: f32, c2: f32, part: i32, parts: i32): void {
  adamLike(ADAMW, list, clip, count, lr, beta1, beta2, eps, decay, c1, c2, part, parts);
}

/** Adam (Kingma and Ba, 2015): decay times the parameter is added to the gradient. */
export function adam(list: Ptr, clip: Ptr, count: i32, lr: f32, beta1: f32, beta2: f32, eps: f32, decay: f32,
                     c1: f32, c2: f32, part: i32, parts: i32): void {
  adamLike(ADAM, list, clip, count, lr, beta1, beta2, eps, decay, c1, c2, part, parts);
}

/** AdamW on f32 masters whose rounded copy, in bf16, is the parameter: list of (master, gradient, moments, copy, n). */
export function adamwMaster(list: Ptr, clip: Ptr, count: i32, lr: f32, beta1: f32, beta2: f32, eps: f32, decay: f32,
                            c1: f32, c2: f32, part: i32, parts: i32): void {
  adamLike(MASTER, list, clip, count, lr, beta1, beta2, eps, decay, c1, c2, part, parts);
}

/**
 * SGD as torch.optim.SGD has it: g = gradient * factor + decay * parameter, parameter -= lr * g; list of (parameter,
 * gradient, n). Where `buffered`, list of (parameter, gradient, buffer, n): buffer = momentum * buffer + (1 - dampening) * g,
 * or g where `first`, and the step is by the buffer, or by g + momentum * buffer where `nesterov`.
 */
export function sgd(list: Ptr, clip: Ptr, count: i32, lr: f32, momentum: f32, dampening: f32, nesterov: i32, decay: f32,
                    first: i32, buffered: i32, part: i32, parts: i32): void {
  const factor = load<f32>(clip), fresh: f32 = first ? 1 : 1 - dampening, kept: f32 = first ? 0 : momentum;
  const width: Ptr = buffered ? 16 : 12;
  let turn = 0;
  for (let t = 0; t < count; t++, list += width) {
    const p = <Ptr>load<u32>(list), g = <Ptr>load<u32>(list, 4), b = <Ptr>load<u32>(list, 8);
    const bytes = <Ptr>load<u32>(list + width - 4) * 4;
    for (let from: Ptr = 0; from < bytes; from += RUN) {
      if (turn++ % parts != part) continue;
      const end = min<Ptr>(bytes, from + RUN);
      let i = from;
      for (; i + 16 <= end; i += 16) {
        const before = v128.load(p + i);
        let d = f32x4.add(f32x4.mul(v128.load(g + i), f32x4.splat(factor)), f32x4.mul(before, f32x4.splat(decay)));
        if (buffered) {
          let moving = f32x4.mul(d, f32x4.splat(fresh));
          if (!first) moving = f32x4.add(f32x4.mul(v128.load(b + i), f32x4.splat(kept)), moving);
          v128.store(b + i, moving);
          d = nesterov ? f32x4.add(d, f32x4.mul(moving, f32x4.splat(momentum))) : moving;
        }
        v128.store(p + i, f32x4.sub(before, f32x4.mul(d, f32x4.splat(lr))));
      }
      for (; i < end; i += 4) {
        const before = load<f32>(p + i);
        let d = load<f32>(g + i) * factor + before * decay;
        if (buffered) {
          let moving = d * fresh;
          if (!first) moving = load<f32>(b + i) * kept + moving;
          store<f32>(b + i, moving);
          d = nesterov ? d + moving * momentum : moving;
        }
        store<f32>(p + i, before - d * lr);
      }
    }
  }
}

/** sums[r] (f64) = the sum of squares of run r of a list of (tensor, n): 4096 elements, or the rest of a tensor, summed in f32. */
export function squares(list: Ptr, sums: Ptr, count: i32, part: i32, parts: i32): void {
  let turn = 0;
  for (let t = 0; t < count; t++, list += 8) {
    const x = <Ptr>load<u32>(list);
    const bytes = <Ptr>load<u32>(list, 4) * 4;
    for (let from: Ptr = 0; from < bytes; from += RUN, sums += 8) {
      if (turn++ % parts != part) continue;
      const end = min<Ptr>(bytes, from + RUN);
      let a = f32x4.splat(0), b = a;
      let i = from;
      for (; i + 32 <= end; i += 32) {
        const p = v128.load(x + i), q = v128.load(x + i, 16);
        a = f32x4.add(a, f32x4.mul(p, p));
        b = f32x4.add(b, f32x4.mul(q, q));
      }
      let sum = sum4(f32x4.add(a, b));
      for (; i < end; i += 4) sum += load<f32>(x + i) * load<f32>(x + i);
      store<f64>(sums, <f64>sum);
    }
  }
}

/** out[0] = the root of the sum of `runs` numbers (f64), out[1] = min(1, most / out[0]). */
export function gradNorm(sums: Ptr, out: Ptr, runs: i32, most: f32): void {
  let total: f64 = 0;
  for (let r: Ptr = 0; r < <Ptr>runs; r++) total += load<f64>(sums + r * 8);
  const norm = <f32>sqrt<f64>(total);
  store<f32>(out, norm);
  store<f32>(out, norm > most ? most / norm : 1, 4);
}
