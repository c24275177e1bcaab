/** Numbers as the bytes of a tensor, and back. Rows of q8_0 are rounded as ggml's reference does it. */
import { decode, encode } from "../../tensor/index.ts";
import { type GgufDType, GROUP, tensorBytes, tensorTypes } from "./format.ts";

/**
 * Elements in a format. q8_0: the scale is the largest magnitude of a group / 127, and each weight is rounded to the
 * nearest multiple of the scale before that is rounded to f16, halves away from zero (ggml, `quantize_row_q8_0_ref`).
 * @throws RangeError for a number of elements that is not whole groups, and for what q8_0 has no scale for: a magnitude
 *   whose scale is beyond f16, infinity, or not a number.
 */
export function packTensor(values: Float32Array, dtype: GgufDType): Uint8Array {
  if (dtype !== "q8_0") return encode(values, dtype);
  if (values.length % GROUP !== 0)
    throw new RangeError(`q8_0 holds groups of ${GROUP} elements, and ${values.length} are not whole groups.`);
  const bytes = new Uint8Array(tensorBytes([values.length], "q8_0"));
  const view = new DataView(bytes.buffer);
  const groups = values.length / GROUP;
  const scales = new Float32Array(groups);
  for (let g = 0, at = 0; g < groups; g++, at += 2 + GROUP) {
    let largest = 0;
    for (let i = 0; i < GROUP; i++) {
      const magnitude = Math.abs(values[g * GROUP + i]);
      if (!(magnitude <= largest)) largest = magnitude;
    }
    const scale = Math.fround(largest / 127);
    if (!(scale < 65520))
      throw new RangeError(`q8_0 has no scale for ${largest}, element group ${g}: f16 ends at 65504.`);
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
    scales[g] = scale;
    for (let i = 0; i < GROUP; i++) {
      const x = Math.fround(values[g * GROUP + i] * inverse);
      const magnitude = Math.abs(x);
      const whole = Math.floor(magnitude);
      view.setInt8(at + 2 + i, Math.sign(x) * (magnitude - whole >= 0.5 ? whole + 1 : whole));
    }
  }
  const halves = encode(scales, "f16");
  for (let g = 0; g < groups; g++) bytes.set(halves.subarray(2 * g, 2 * g + 2), g * (2 + GROUP));
  return bytes;
}

/** The numbers of a tensor's bytes. */
export function unpackTensor(bytes: Uint8Array, dtype: GgufDType): Float32Array {
  if (dtype !== "q8_0") return decode(Uint8Array.from(bytes), dtype) as Float32Array;
  const { packed, scales } = splitGroups(bytes);
  const signed = new Int8Array(packed.buffer);
  return Float32Array.from(signed, (q, i) => q * scales[Math.floor(i / GROUP)]);
}

/** q8_0 as two tables: the weights as signed bytes, and the scales in f32. */
export function splitGroups(bytes: Uint8Array): { packed: Uint8Array<ArrayBuffer>; scales: Float32Array } {
  const stride = tensorTypes.q8_0.bytes;
  const groups = bytes.length / stride;
  const packed = new Uint8Array(groups * GROUP);
  const halves = new Uint8Array(groups * 2);
  for (let g = 0; g < groups; g++) {
    packed.set(bytes.subarray(g * stride + 2, (g + 1) * stride), g * GROUP);
    halves.set(bytes.subarray(g * stride, g * stride + 2), 2 * g);
  }
  return { packed, scales: decode(halves, "f16") as Float32Array };
}
