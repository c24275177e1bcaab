/** Elements between device bytes and host numbers. Half formats pass through f32. */
import type { DType } from "../device/index.ts";
import { isPromise, kindOf } from "../platform/words.ts";
import type { Shape } from "./shape.ts";

/** Flat elements on the host: half formats arrive as f32. */
export type HostArray = Float32Array | Int32Array | Uint8Array;

/** Numbers nested by axis; a tensor without axes is one number. */
export type Nested = number | Nested[];

const scratch = new DataView(new ArrayBuffer(4));

/** f32 nearest to the number as bf16 bits, ties to even. */
function toBrain(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  if (Number.isNaN(value)) return (bits >>> 16) | 0x40;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** IEEE half bits to a number. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** A number to IEEE half bits, rounded to nearest, ties to even, once. */
function toHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const x = Math.abs(value);
  if (Number.isNaN(x)) return 0x7e00;
  if (x >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(x || 1e-30)));
  const units = roundEven(x / 2 ** (exponent - 10));
  // Units of 1024 and more carry into the exponent by themselves.
  return sign | (exponent === -14 ? units : ((exponent + 15) << 10) + (units - 1024));
}

function roundEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** Numbers as the bytes of a dtype; floats for an integer dtype truncate. */
export function encode(values: ArrayLike<number>, dtype: DType): Uint8Array {
  const bytes = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  if (dtype === "f32") return bytes(Float32Array.from(values));
  if (dtype === "i32") return bytes(Int32Array.from(values));
  if (dtype === "u8") return Uint8Array.from(values);
  const convert = dtype === "f16" ? toHalf : toBrain;
  return bytes(Uint16Array.from(values, convert));
}

/** Bytes of a dtype as host numbers. */
export function decode(bytes: Uint8Array<ArrayBuffer>, dtype: DType): HostArray {
  if (dtype === "f32") return new Float32Array(bytes.buffer);
  if (dtype === "i32") return new Int32Array(bytes.buffer);
  if (dtype === "u8") return bytes;
  const halves = new Uint16Array(bytes.buffer);
  if (dtype === "f16") return Float32Array.from(halves, fromHalf);
  return new Float32Array(Uint32Array.from(halves, (bits) => bits << 16).buffer);
}

/** Flat elements, nested by axis. */
export function nest(data: ArrayLike<number>, shape: Shape): Nested {
  let at = 0;
  const level = (axis: number): Nested =>
    axis === shape.length ? data[at++] : Array.from({ length: shape[axis] }, () => level(axis + 1));
  return level(0);
}

function notNumber(value: unknown): string {
  if (isPromise(value)) return `${kindOf(value)}. Await it first.`;
  return `${kindOf(value)}.${ArrayBuffer.isView(value) ? " Use device.from(data, shape)." : ""}`;
}

/** Nested numbers, flat, with their shape. @throws RangeError when rows differ in length; TypeError for what is not a number. */
export function unnest(values: Nested): { data: number[]; shape: number[] } {
  const shape: number[] = [];
  for (let level: Nested = values; Array.isArray(level); level = level[0]) shape.push(level.length);
  const data: number[] = [];
  const visit = (value: Nested, axis: number): void => {
    if (!Array.isArray(value)) {
      if (axis !== shape.length) throw new RangeError("A nested array needs the same depth everywhere.");
      if (typeof value !== "number")
        throw new TypeError(`device.tensor takes numbers in arrays, but got ${notNumber(value)}`);
      data.push(value);
      return;
    }
    if (value.length !== shape[axis]) {
      throw new RangeError(
        `A nested array has rows of ${shape[axis] ?? "no"} and of ${value.length} elements; all must be equal.`,
      );
    }
    for (const inner of value) visit(inner, axis + 1);
  };
  visit(values, 0);
  return { data, shape };
}
