/** Rounding to bf16 by arithmetic, not by bits: a second opinion on what the library and its kernels do. */

/** The nearest number of 8 significant bits, ties to the even one; f32's range, with its denormals. */
export function roundToBf16(x: number): number {
  const size = Math.abs(x);
  if (size === 0 || !Number.isFinite(size)) return x;
  let exponent = Math.max(-126, Math.round(Math.log2(size)));
  if (2 ** exponent > size && exponent > -126) exponent--;
  const spacing = 2 ** (exponent - 7);
  const below = Math.floor(size / spacing);
  const rest = size / spacing - below;
  const up = rest > 0.5 || (rest === 0.5 && below % 2 === 1);
  const rounded = (below + Number(up)) * spacing;
  return Math.sign(x) * (rounded < 2 ** 128 ? rounded : Number.POSITIVE_INFINITY);
}
