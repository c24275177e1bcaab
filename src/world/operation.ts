/**
 * What an operation is, for matching and for people: its kind, what it works on, its
 * place in the group's order. Two ranks agree on a collective when their hashes agree;
 * the text is made only for a report.
 */
import { type Buffer, codeOf, type DType, type ReduceOp, sizeOf } from "../device/index.ts";
import type { Site } from "../trace/site.ts";

/** What collectives take: elements next to each other in a device buffer. Tensors are such. */
export interface Contiguous {
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

/** How collectives reduce: the kernels' operators, and the mean. */
export type Operator = ReduceOp | "mean";

export const kinds = [
  "send",
  "recv",
  "broadcast",
  "reduce",
  "allReduce",
  "gather",
  "allGather",
  "scatter",
  "reduceScatter",
  "allToAll",
  "barrier",
  "split",
  "broadcastObject",
  "allGatherObject",
] as const;
export type Kind = (typeof kinds)[number];

export const operators: readonly Operator[] = ["sum", "min", "max", "product", "mean"];

/** The group an operation belongs to, as reports need it. */
export interface GroupInfo {
  readonly id: number;
  readonly name: string;
  /** World rank of each member. */
  readonly ranks: readonly number[];
}

export interface Operation {
  readonly kind: Kind;
  /** The kind as a number: its place in `kinds`. */
  readonly kindCode: number;
  readonly group: GroupInfo;
  /** Number of this collective in its group, from 1; 0 for send and recv. */
  readonly seq: number;
  readonly operator?: Operator;
  readonly root?: number;
  /** Group rank and tag, for send and recv. */
  readonly peer?: number;
  readonly tag?: number;
  /** What the ranks must agree on. */
  readonly data: readonly Contiguous[];
  readonly hash: number;
  site?: Site;
}

/** 32-bit hash of everything the ranks must agree on. */
export function hashOf(
  kindCode: number,
  operator: Operator | undefined,
  root: number | undefined,
  data: readonly { dtype: DType; shape: readonly number[] }[],
): number {
  let h = mix(0x9e3779b9 ^ kindCode, operator ? operators.indexOf(operator) + 1 : 0);
  h = mix(h, root ?? -1);
  for (let i = 0; i < data.length; i++) {
    const { dtype, shape } = data[i];
    h = mix(h, codeOf(dtype) + 16 * shape.length);
    for (let axis = 0; axis < shape.length; axis++) h = mix(h, shape[axis]);
  }
  return h;
}

function mix(h: number, value: number): number {
  h = Math.imul(h ^ value, 0x85ebca6b);
  return (h ^ (h >>> 15)) | 0;
}

/** `f32[2,3]` */
export function formatData({ dtype, shape }: { dtype: DType; shape: readonly number[] }): string {
  return `${dtype}[${shape.join(",")}]`;
}

/** What the text of an operation is made of. */
interface Described {
  readonly kind: Kind;
  readonly operator?: Operator;
  readonly root?: number;
  readonly peer?: number;
  readonly tag?: number;
  readonly data: readonly { dtype: DType; shape: readonly number[] }[];
  /** Further tensors that are not listed. */
  readonly more?: number;
}

/** `allReduce(sum, f32[1024])`, `send(f32[4]) to rank 1 with tag 2` */
export function formatOperation(op: Described): string {
  const parts: string[] = op.operator ? [op.operator] : [];
  if (op.data.length > 0) parts.push(formatData(op.data[0]));
  const more = op.more ?? op.data.length - 1;
  if (more > 0) parts.push(`… ${more + 1} tensors`);
  if (op.root !== undefined) parts.push(`root ${op.root}`);
  const call = `${op.kind}(${parts.join(", ")})`;
  if (op.peer === undefined) return call;
  return `${call} ${op.kind === "send" ? "to" : "from"} rank ${op.peer}${op.tag ? ` with tag ${op.tag}` : ""}`;
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
