/** Element types. The codes are shared with kernels/assembly/lanes.ts. */
import { unknownWord } from "../platform/words.ts";

/** Types of elements: f32; the half formats f16 and bf16, which are computed in f32; i32; u8. */
export type DType = "f32" | "f16" | "bf16" | "i32" | "u8";

interface DTypeInfo {
  /** Number the kernels know it by. */
  readonly code: number;
  /** Bytes of one element. */
  readonly bytes: number;
  readonly float: boolean;
}

export const dtypes: Readonly<Record<DType, DTypeInfo>> = {
  f32: { code: 0, bytes: 4, float: true },
  f16: { code: 1, bytes: 2, float: true },
  bf16: { code: 2, bytes: 2, float: true },
  i32: { code: 3, bytes: 4, float: false },
  u8: { code: 4, bytes: 1, float: false },
};

/** What other systems call them. */
const otherNames: Readonly<Record<string, DType>> = {
  float32: "f32",
  float: "f32",
  single: "f32",
  float16: "f16",
  half: "f16",
  bfloat16: "bf16",
  bfloat: "bf16",
  int32: "i32",
  int: "i32",
  uint8: "u8",
  byte: "u8",
};

/** Bytes of one element. @throws TypeError for a word that is no dtype. */
export function sizeOf(dtype: DType): number {
  if (dtype === "f32") return 4; // a comparison is faster than a look-up, and f32 is what small collectives carry
  const bytes = dtypes[dtype]?.bytes;
  if (bytes === undefined) throw new TypeError(`There is no ${unknownDType(dtype)}`);
  return bytes;
}

/** `dtype "float32"; the dtypes are f32, … Did you mean f32?` */
export function unknownDType(dtype: unknown): string {
  return unknownWord("dtype", dtype, Object.keys(dtypes), otherNames);
}

/** `1.5 GiB`, `64 MiB`, `300 B`: a size for people. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB"];
  let unit = 0;
  while (bytes >= 1024 && unit < units.length - 1) {
    bytes /= 1024;
    unit++;
  }
  const digits = bytes < 10 && bytes % 1 !== 0 ? 1 : 0;
  return `${bytes.toFixed(digits)} ${units[unit]}`;
}
