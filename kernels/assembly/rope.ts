// Rotary position embedding (Su et al., 2021), in the half-split layout of Llama's weights:
// elements i and i + dim/2 of a head are turned by the angle of frequency i.
import { Ptr } from "./lanes";

/**
 * y[t, h, :] = x[t, h, :] turned by the angles of position[t]; in place allowed.
 * x is [tokens, heads, dim]; cos and sin are [positions, dim / 2]. With `back`, turns the other
 * way, which is the gradient. Returns 0, or 1 + the first token whose position is not in the tables.
 */
export function rope(x: Ptr, position: Ptr, cos: Ptr, sin: Ptr, y: Ptr,
                     tokens: i32, heads: i32, dim: i32, positions: i32, back: i32): i32 {
  const half = <Ptr>(dim >> 1) * 4, body = half & ~15;
  const sign: f32 = back ? -1 : 1, signs = f32x4.splat(sign);
  for (let t = 0; t < tokens; t++) {
    const at = load<i32>(position + <Ptr>t * 4);
    if (<u32>at >= <u32>positions) return t + 1;
    const c = cos + <Ptr>at * half, s = sin + <Ptr>at * half;
    for (let h = 0; h < heads; h++, x += 2 * half, y += 2 * half) {
      let i: Ptr = 0;
      for (; i < body; i += 16) {
        const a = v128.load(x + i), b = v128.load(x + half + i);
        const cs = v128.load(c + i), sn = f32x4.mul(signs, v128.load(s + i));
        v128.store(y + i, f32x4.sub(f32x4.mul(a, cs), f32x4.mul(b, sn)));
        v128.store(y + half + i, f32x4.add(f32x4.mul(a, sn), f32x4.mul(b, cs)));
      }
      for (; i < half; i += 4) {
        const a = load<f32>(x + i), b = load<f32>(x + half + i);
        const cs = load<f32>(c + i), sn = sign * load<f32>(s + i);
        store<f32>(y + i, a * cs - b * sn);
        store<f32>(y + half + i, a * sn + b * cs);
      }
    }
  }
  return 0;
}
