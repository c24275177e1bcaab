/**
 * What a GGUF file is made of, version 3: metadata by key, the list of tensors, and their data at multiples of the
 * alignment. All numbers are little-endian. Source: docs/gguf.md of ggml.
 */

/** "GGUF" */
export const MAGIC = 0x46554747;
export const VERSION = 3;
/** Tensor data begin at multiples of it, where the metadata say nothing else. */
export const ALIGNMENT = 32;
/** Weights of a group of q8_0, which have one scale in common. */
export const GROUP = 32;
/** Most axes of a tensor. */
export const MAX_AXES = 4;

/** Types of metadata, at the place of their code. */
export const valueTypes = [
  "u8",
  "i8",
  "u16",
  "i16",
  "u32",
  "i32",
  "f32",
  "bool",
  "string",
  "array",
  "u64",
  "i64",
  "f64",
] as const;

/** A type of a single value. */
export type ScalarType = Exclude<(typeof valueTypes)[number], "array">;

/** Bytes of a value; of a string its length alone, the least that it takes. */
export const valueBytes: Readonly<Record<ScalarType, number>> = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  f32: 4,
  bool: 1,
  string: 8,
  u64: 8,
  i64: 8,
  f64: 8,
};

/** A value of the metadata, or a list of values of one type. */
export type GgufValue =
  | { readonly type: ScalarType; readonly value: number | boolean | string }
  | { readonly type: "array"; readonly of: ScalarType; readonly values: readonly (number | boolean | string)[] };

/** Formats of tensors that are written and read. q8_0: groups of 32 signed bytes after an f16 scale. */
export type GgufDType = "f32" | "f16" | "q8_0";

/** Each format's code in a file, and the bytes of a number of its elements. */
export const tensorTypes: Readonly<Record<GgufDType, { code: number; group: number; bytes: number }>> = {
  f32: { code: 0, group: 1, bytes: 4 },
  f16: { code: 1, group: 1, bytes: 2 },
  q8_0: { code: 8, group: GROUP, bytes: 2 + GROUP },
};

/** Bytes of a tensor. The last axis must be whole groups. */
export function tensorBytes(shape: readonly number[], dtype: GgufDType): number {
  const { group, bytes } = tensorTypes[dtype];
  return (shape.reduce((product, size) => product * size, 1) / group) * bytes;
}

/** The next multiple of the alignment. */
export function aligned(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}
