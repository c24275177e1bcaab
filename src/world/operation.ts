/**
 * What an operation is, for matching and for people: its kind, what it works on, its
 * place in the group's order. Two ranks agree on a collective when their hashes agree
 * (agreement.ts); the text, which shows all that the hash covers, is made only for a report.
 */
import { type Buffer, type DType, type ReduceOp, sizeOf } from "../device/index.ts";
import { shown } from "../platform/words.ts";
import type { Site } from "../trace/site.ts";
import type { AllReduceAlgorithm } from "./tuner.ts";

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
  "newGroup",
] as const;
export type Kind = (typeof kinds)[number];

export const operators: readonly Operator[] = ["sum", "mean", "min", "max", "product"];

/** Places in `kinds` and `operators`: a look-up is faster than a search. */
export const kindCodes = codes(kinds);
export const operatorCodes = codes(operators);

function codes<K extends string>(words: readonly K[]): Readonly<Record<K, number>> {
  return Object.assign(Object.create(null), Object.fromEntries(words.map((word, code) => [word, code])));
}

/** The group an operation belongs to, as reports need it. */
export interface GroupInfo {
  readonly id: number;
  readonly name: string;
  /** World rank of each member. */
  readonly ranks: readonly number[];
}

/** The members, as ranks of the group that newGroup is called on, and the name if one was given. */
export interface MadeGroup {
  readonly ranks: readonly number[];
  readonly name: string | undefined;
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
  /** The one that the call asked for. */
  readonly algorithm?: AllReduceAlgorithm;
  /** What newGroup makes. */
  readonly made?: MadeGroup;
  /** Group rank and tag, for send and recv. */
  readonly peer?: number;
  readonly tag?: number;
  /** The tensors that ranks compare. */
  readonly data: readonly Contiguous[];
  /** Of all that is compared; set once. */
  hash: number;
  site?: Site;
}

/** Axes of a shape that are shown. */
const AXES = 12;

/** `f32[2,3]` */
export function formatData({ dtype, shape }: { dtype: DType; shape: readonly number[] }): string {
  const more = shape.length > AXES ? `,… ${shape.length - AXES} more axes` : "";
  return `${dtype}[${shape.slice(0, AXES).join(",")}${more}]`;
}

/** What the text of an operation is made of. */
interface Described {
  readonly kind: Kind;
  readonly operator?: Operator;
  readonly root?: number;
  readonly algorithm?: AllReduceAlgorithm;
  readonly peer?: number;
  readonly tag?: number;
  readonly data: readonly { dtype: DType; shape: readonly number[] }[];
  /** Further tensors that are not listed. */
  readonly more?: number;
  /** What newGroup makes, or its text. */
  readonly made?: MadeGroup | string;
}

/** Tensors of a list, and ranks of a group, that a text shows. */
export const SHOWN_TENSORS = 8;
const SHOWN_RANKS = 32;

/** `allReduce(sum, f32[1024])`, `send(f32[4]) to rank 1 with tag 2`, `newGroup([0,1])` */
export function formatOperation(op: Described): string {
  const parts: string[] = op.operator ? [op.operator] : [];
  if (op.made) parts.push(typeof op.made === "string" ? op.made : formatMade(op.made));
  for (const data of op.data.slice(0, SHOWN_TENSORS)) parts.push(formatData(data));
  const more = (op.more ?? 0) + Math.max(0, op.data.length - SHOWN_TENSORS);
  if (more > 0) parts.push(`… ${op.data.length + (op.more ?? 0)} tensors`);
  if (op.root !== undefined) parts.push(`root ${op.root}`);
  if (op.algorithm) parts.push(`algorithm ${op.algorithm}`);
  const call = `${op.kind}(${parts.join(", ")})`;
  if (op.peer === undefined) return call;
  return `${call} ${op.kind === "send" ? "to" : "from"} rank ${op.peer}${op.tag ? ` with tag ${op.tag}` : ""}`;
}

/** `[0,1]`, `[0,1], "pair"` */
export function formatMade({ ranks, name }: MadeGroup): string {
  const rest = ranks.length > SHOWN_RANKS ? `,… ${ranks.length} ranks` : "";
  const list = `[${ranks.slice(0, SHOWN_RANKS).join(",")}${rest}]`;
  return name === undefined ? list : `${list}, ${shown(name)}`;
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
