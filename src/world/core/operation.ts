/**
 * What an operation is, for matching and for people: its kind, what it works on, its
 * place in the group's order. Two ranks agree on a collective when their hashes agree
 * (agreement.ts); the text, which shows all that the hash covers, is made only for a report.
 */
import { type DType, type ReduceOp, sizeOf } from "../../device/index.ts";
import { shown } from "../../platform/words.ts";
import type { Site } from "../../trace/site.ts";
import type { AllReduceAlgorithm } from "../algorithms/tuner.ts";
import type { Contiguous } from "./span.ts";

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
  "allToAllRows",
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

/** What an operation is called with, as ranks compare and messages show it. */
export interface OperationCall {
  readonly kind: Kind;
  readonly operator?: Operator;
  readonly root?: number;
  /** The one that the call asks for, whatever the tuner makes of it. */
  readonly algorithm?: AllReduceAlgorithm;
  /** What newGroup makes. */
  readonly made?: MadeGroup;
  /** Group rank and tag, for send and recv. */
  readonly peer?: number;
  readonly tag?: number;
  /** The tensors that ranks compare: their shapes or their dtype, as agreement.ts says. */
  readonly agree: readonly Contiguous[];
}

/** A call with its place in the group's order, and in this rank's journal. */
export class Operation {
  readonly kind: Kind;
  /** The kind as a number: its place in `kinds`. */
  readonly kindCode: number;
  readonly group: GroupInfo;
  /** Number of this collective in its group, from 1; 0 for send and recv. */
  readonly seq: number;
  readonly operator: Operator | undefined;
  readonly root: number | undefined;
  readonly algorithm: AllReduceAlgorithm | undefined;
  readonly made: MadeGroup | undefined;
  readonly peer: number | undefined;
  readonly tag: number | undefined;
  /** The tensors that ranks compare. */
  readonly data: readonly Contiguous[];
  /** Of all that is compared. */
  readonly hash: number;
  #entry = -1;
  #site: Site | undefined;

  /** @param hash of what is compared. */
  constructor(call: OperationCall, group: GroupInfo, seq: number, hash: (operation: Operation) => number) {
    this.kind = call.kind;
    this.kindCode = kindCodes[call.kind];
    this.group = group;
    this.seq = seq;
    this.operator = call.operator;
    this.root = call.root;
    this.algorithm = call.algorithm;
    this.made = call.made;
    this.peer = call.peer;
    this.tag = call.tag;
    this.data = call.agree;
    this.hash = hash(this);
  }

  /** Bytes of the tensors that it works on: of all ranks together, where ranks have parts of one. */
  get bytes(): number {
    return this.data.reduce((sum, { size, dtype }) => sum + size * sizeOf(dtype), 0);
  }

  /** Its number in the journal, from 0; -1 before it is entered there. */
  get entry(): number {
    return this.#entry;
  }

  /** The program's line that called it, where that is known. */
  get site(): Site | undefined {
    return this.#site;
  }

  /** It has this number in the journal. */
  entered(entry: number): void {
    this.#entry = entry;
  }

  /** The line has become known. */
  locate(site: Site): void {
    this.#site = site;
  }
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
