/** Runs of elements in device memory: what operations are called with, and what algorithms cut and move. */
import {
  addressOf,
  type Buffer,
  codeOf,
  type DType,
  type KernelRuntime,
  type ReduceOp,
  reduceOps,
  sizeOf,
} from "../../device/index.ts";

/** What collectives take: elements next to each other in a device buffer. Tensors are such. */
export interface Contiguous {
  /** Throws while a tensor's storage is resized to nothing. */
  readonly buffer: Buffer;
  /** Bytes from the buffer's start to the first element. */
  readonly offset: number;
  /** Number of elements. */
  readonly size: number;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly isContiguous: boolean;
}

/** Part of a buffer, as algorithms see it. */
export interface Span {
  readonly buffer: Buffer;
  /** Bytes. */
  readonly offset: number;
  readonly count: number;
  readonly dtype: DType;
}

/** The whole of a tensor as a span. */
export function spanOf(data: Contiguous): Span {
  return { buffer: data.buffer, offset: data.offset, count: data.size, dtype: data.dtype };
}

/** Elements from..to of a span. */
export function slice(span: Span, from: number, to: number): Span {
  return {
    buffer: span.buffer,
    offset: span.offset + from * sizeOf(span.dtype),
    count: to - from,
    dtype: span.dtype,
  };
}

export function spanBytes(span: Span): number {
  return span.count * sizeOf(span.dtype);
}

/** Boundaries that cut `count` elements into `parts` runs whose lengths differ by at most one. */
export function cut(count: number, parts: number): number[] {
  return Array.from({ length: parts + 1 }, (_, i) => Math.floor((count * i) / parts));
}

/** Address of a span's first byte in the job's memory. */
export function addressOfSpan(span: Pick<Span, "buffer" | "offset">): number {
  return addressOf(span.buffer) + span.offset;
}

/** The bytes of a span in the job's memory. */
export function viewOf({ pool }: KernelRuntime, span: Span): Uint8Array {
  const from = addressOfSpan(span);
  const to = from + spanBytes(span);
  return pool.memory.bytes(to).subarray(from, to);
}

/** target = target op what lies at an address. */
export function combineInto(runtime: KernelRuntime, target: Span, from: number, operator: ReduceOp): void {
  const at = addressOfSpan(target);
  runtime.combine(reduceOps[operator], codeOf(target.dtype), [at, from], [at], target.count);
}
