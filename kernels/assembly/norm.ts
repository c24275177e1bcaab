// Normalisation of rows: RMS norm (Zhang and Sennrich, 2019) and layer norm (Ba et al., 2016),
// forward and backward. The backward kernels add to the gradients of weight and bias.
import { Ptr, madd } from "./lanes";
import { dot, sum4 } from "./rows";

/** y = x / rms(x) * weight, rms(x)^2 = mean(x^2) + eps; keeps 1 / rms of each row. */
export function rmsNorm(x: Ptr, weight: Ptr, y: Ptr, rstd: Ptr, rows: i32, cols: i32, eps: f32): void {
  const bytes = <Ptr>cols * 4, body = bytes & ~15;
  for (let r = 0; r < rows; r++, x += bytes, y += bytes) {
    const scale: f32 = 1 / sqrt<f32>(dot(x, x, bytes) / <f32>cols + eps);
    store<f32>(rstd + <Ptr>r * 4, scale);
    const s = f32x4.splat(scale);
    let i: Ptr = 0;
    for (; i < body; i += 16) v128.store(y + i, f32x4.mul(f32x4.mul(v128.load(x + i), s), v128.load(weight + i)));
    for (; i < bytes; i += 4) store<f32>(y + i, load<f32>(x + i) * scale * load<f32>(weight + i));
  }
}

/**
 * With h = x * rstd and g = dy * weight: dx = rstd * (g - h * mean(g * h)), dweight += dy * h.
 * Does dx of the rows from..to, and dweight of the columns left..right over all rows, row by row: threads
 * that share the work leave the bits that one leaves. left is a multiple of 4.
 */
export function rmsNormBackward(x: Ptr, weight: Ptr, rstd: Ptr, dy: Ptr, dx: Ptr, dweight: Ptr,
                                rows: i32, cols: i32, from: i32, to: i32, left: i32, right: i32): void {
  const bytes = <Ptr>cols * 4, body = bytes & ~15;
  const first = <Ptr>left * 4, last = <Ptr>right * 4, whole = min(last, body);
  for (let r = 0; r < rows; r++, x += bytes, dy += bytes, dx += bytes) {
    const scale = load<f32>(rstd + <Ptr>r * 4);
    const s = f32x4.splat(scale);
    let i = first;
    for (; i < whole; i += 16) {
      v128.store(dweight + i, madd(v128.load(dy + i), f32x4.mul(v128.load(x + i), s), v128.load(dweight + i)));
    }
    for (; i < last; i += 4) {
      store<f32>(dweight + i, load<f32>(dweight + i) + load<f32>(dy + i) * (load<f32>(x + i) * scale));
    }
    if (r < from || r >= to) continue;
    let sums = f32x4.splat(0);
    for (i = 0; i < body; i += 16) {
      sums = madd(f32x4.mul(v128.load(dy + i), v128.load(weight + i)), f32x4.mul(v128.load(x + i), s), sums);
    }
    let sum = sum4(sums);
    for (; i < bytes; i += 4) sum += load<f32>(dy + i) * load<f32>(weight + i) * (load<f32>(x + i) * scale);
    const mean = sum / <f32>cols, m = f32x4.splat(mean);
    for (i = 0; i < body; i += 16) {
      const g = f32x4.mul(v128.load(dy + i), v128.load(weight + i)), h = f32x4.mul(v128.load(x + i), s);
      v128.store(dx + i, f32x4.mul(s, f32x4.sub(g, f32x4.mul(h, m))));
    }
    for (; i < bytes; i += 4) {
      const g = load<f32>(dy + i) * load<f32>(weight + i), h = load<f32>(x + i) * scale;
      store<f32>(dx + i, scale * (g - h * mean));
    }
  }
}

/** y = (x - mean) / std * weight + bias, std^2 = var(x) + eps; keeps mean and 1 / std of each row. */
export function layerNorm(x: Ptr, weight: Ptr, bias: Ptr, y: Ptr, mean: Ptr, rstd: Ptr,
                          rows: i32, cols: i32, eps: f32): void {
  const bytes = <Ptr>cols * 4, body = bytes & ~15;
  for (let r = 0; r < rows; r++, x += bytes, y += bytes) {
    let sums = f32x4.splat(0);
    let i: Ptr = 0;
    for (; i < body; i += 16) sums = f32x4.add(sums, v128.load(x + i));
    let sum = sum4(sums);
    for (; i < bytes; i += 4) sum += load<f32>(x + i);
    const middle = sum / <f32>cols, m = f32x4.splat(middle);
    let squares = f32x4.splat(0); // of differences: the sum of squares less the square of the sum would cancel
    for (i = 0; i < body; i += 16) {
      const d = f32x4.sub(v128.load(x + i), m);
      squares = madd(d, d, squares);
    }
    let square = sum4(squares);
    for (; i < bytes; i += 4) {
      const d = load<f32>(x + i) - middle;
      square += d * d;
    }
    const scale: f32 = 1 / sqrt<f32>(square / <f32>cols + eps), s = f32x4.splat(scale);
    store<f32>(mean + <Ptr>r * 4, middle);
    store<f32>(rstd + <Ptr>r * 4, scale);
    for (i = 0; i < body; i += 16) {
      const h = f32x4.mul(f32x4.sub(v128.load(x + i), m), s);
      v128.store(y + i, f32x4.add(f32x4.mul(h, v128.load(weight + i)), v128.load(bias + i)));
    }
    for (; i < bytes; i += 4) {
      store<f32>(y + i, (load<f32>(x + i) - middle) * scale * load<f32>(weight + i) + load<f32>(bias + i));
    }
  }
}

/**
 * With h = (x - mean) * rstd, g = dy * weight: dx = rstd * (g - mean(g) - h * mean(g * h)), dweight += dy * h,
 * dbias += dy. Does dx of the rows from..to, dweight and dbias of the columns left..right, as rmsNormBackward.
 */
export function layerNormBackward(x: Ptr, weight: Ptr, mean: Ptr, rstd: Ptr, dy: Ptr, dx: Ptr, dweight: Ptr, dbias: Ptr,
                                  rows: i32, cols: i32, from: i32, to: i32, left: i32, right: i32): void {
  const bytes = <Ptr>cols * 4, body = bytes & ~15;
  const first = <Ptr>left * 4, last = <Ptr>right * 4, whole = min(last, body);
  for (let r = 0; r < rows; r++, x += bytes, dy += bytes, dx += bytes) {
    const middle = load<f32>(mean + <Ptr>r * 4), scale = load<f32>(rstd + <Ptr>r * 4);
    const m = f32x4.splat(middle), s = f32x4.splat(scale);
    let i = first;
    for (; i < whole; i += 16) {
      const d = v128.load(dy + i), h = f32x4.mul(f32x4.sub(v128.load(x + i), m), s);
      v128.store(dweight + i, madd(d, h, v128.load(dweight + i)));
      v128.store(dbias + i, f32x4.add(d, v128.load(dbias + i)));
    }
    for (; i < last; i += 4) {
      const d = load<f32>(dy + i), h = (load<f32>(x + i) - middle) * scale;
      store<f32>(dweight + i, load<f32>(dweight + i) + d * h);
      store<f32>(dbias + i, load<f32>(dbias + i) + d);
    }
    if (r < from || r >= to) continue;
    let gs = f32x4.splat(0), ghs = gs;
    for (i = 0; i < body; i += 16) {
      const h = f32x4.mul(f32x4.sub(v128.load(x + i), m), s);
      const g = f32x4.mul(v128.load(dy + i), v128.load(weight + i));
      gs = f32x4.add(gs, g);
      ghs = madd(g, h, ghs);
    }
    let g1 = sum4(gs), gh1 = sum4(ghs);
    for (; i < bytes; i += 4) {
      const g = load<f32>(dy + i) * load<f32>(weight + i), h = (load<f32>(x + i) - middle) * scale;
      g1 += g;
      gh1 += g * h;
    }
    g1 /= <f32>cols;
    gh1 /= <f32>cols;
    const gm = f32x4.splat(g1), ghm = f32x4.splat(gh1);
    for (i = 0; i < body; i += 16) {
      const g = f32x4.mul(v128.load(dy + i), v128.load(weight + i)), h = f32x4.mul(f32x4.sub(v128.load(x + i), m), s);
      v128.store(dx + i, f32x4.mul(s, f32x4.sub(f32x4.sub(g, gm), f32x4.mul(h, ghm))));
    }
    for (; i < bytes; i += 4) {
      const g = load<f32>(dy + i) * load<f32>(weight + i), h = (load<f32>(x + i) - middle) * scale;
      store<f32>(dx + i, scale * (g - g1 - h * gh1));
    }
  }
}
