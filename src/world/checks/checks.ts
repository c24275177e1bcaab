/**
 * Checks of a call's arguments before anything is sent; each error names the rank and the call.
 * Types are stripped when a program runs, so words and values are checked here although TypeScript
 * has read them. What is checked for every operation costs a few comparisons. Each tensor by itself
 * is looked at in tensor-checks.ts.
 */
import { kindOf, shown, unknownWord } from "../../platform/words.ts";
import { JsonText } from "../algorithms/json-text.ts";
import type { Pieces, PointToPoint } from "../algorithms/pieces.ts";
import { type AllReduceAlgorithm, allReduceAlgorithms } from "../algorithms/tuner.ts";
import { formatData, type Operator, operatorCodes, operators } from "../core/operation.ts";
import { type Contiguous, type Span, slice, spanOf } from "../core/span.ts";
import { findOverlap, type Side } from "./overlap.ts";
import { TensorChecks } from "./tensor-checks.ts";

/** Most characters of a group's name, which every report of an operation repeats. */
export const LONGEST_NAME = 200;

/** What PyTorch and others call the operators. */
const otherOperators: Readonly<Record<string, Operator>> = {
  avg: "mean",
  average: "mean",
  prod: "product",
  mul: "product",
  add: "sum",
  plus: "sum",
  amax: "max",
  amin: "min",
};

const otherOps = { isend: "send", irecv: "recv", receive: "recv" };

/** Checks of the calls of one group on one rank. */
export class Checks extends TensorChecks {
  /** @throws RangeError unless `peer` is a rank of the group; TypeError unless it is a number. */
  peer(call: string, peer: number): void {
    const { name, size } = this.group;
    if (Number.isInteger(peer) && peer >= 0 && peer < size) {
      if ((call === "send" || call === "recv") && peer === this.group.rank) {
        throw this.rangeError(call, `its own rank ${peer} as the other side. Copy the tensor instead.`);
      }
      return;
    }
    const ranks = `${name} has ranks 0 to ${size - 1}.`;
    if (typeof peer !== "number") throw this.typeError(call, `${kindOf(peer)} as a rank; ${ranks}`);
    throw this.rangeError(call, `rank ${peer}, but ${ranks}`);
  }

  tag(call: string, tag: number): void {
    if (Number.isInteger(tag) && tag >= 0 && tag < 2 ** 31) return;
    const range = "a tag is a whole number from 0 to 2147483647.";
    if (typeof tag !== "number") throw this.typeError(call, `${kindOf(tag)} as tag; ${range}`);
    throw this.rangeError(call, `tag ${tag}; ${range}`);
  }

  /** @throws TypeError for a word that is no operator. */
  operator(call: string, operator: Operator): void {
    if (typeof operator === "string" && operatorCodes[operator] !== undefined) return;
    const options = typeof operator === "object" && operator !== null ? " Options come after the operator." : "";
    throw this.typeError(call, unknownWord("operator", operator, operators, otherOperators) + options);
  }

  algorithm(call: string, algorithm: AllReduceAlgorithm | undefined): void {
    if (algorithm === undefined || allReduceAlgorithms.includes(algorithm)) return;
    throw this.typeError(call, unknownWord("algorithm", algorithm, allReduceAlgorithms));
  }

  /** @throws TypeError unless this is an object that has no other fields than these. */
  fields(call: string, object: object, known: readonly string[], example: string): void {
    if (typeof object !== "object" || object === null) {
      throw this.typeError(call, `${kindOf(object)} where options belong, such as ${example}.`);
    }
    for (const key in object) {
      if (!known.includes(key)) throw this.typeError(call, unknownWord("option", key, known));
    }
  }

  /** All of a batch, before any of it is issued. */
  batch(operations: readonly PointToPoint<Contiguous>[]): void {
    this.#list("batchSendRecv", operations, "operations");
    for (const operation of operations) {
      this.fields("batchSendRecv", operation, ["op", "tensor", "peer", "tag"], '{ op: "send", tensor, peer: 1 }');
      const { op, tensor, peer, tag = 0 } = operation;
      if (op !== "send" && op !== "recv")
        throw this.typeError("batchSendRecv", unknownWord("op", op, ["send", "recv"], otherOps));
      this.peer(op, peer);
      this.tensor(op, tensor);
      this.tag(op, tag);
    }
  }

  color(color: number | undefined, key: number): void {
    this.#whole("color", color ?? 0, ", or undefined to belong to no group");
    this.#whole("key", key, "");
  }

  /** The name of a new group, which the reports of its operations repeat. */
  name(call: string, name: string | undefined): void {
    if (name === undefined) return;
    if (typeof name !== "string") {
      throw this.typeError(call, `${kindOf(name)} as the new group's name; a name is a string.`);
    }
    if (name.length <= LONGEST_NAME) return;
    throw this.rangeError(call, `a name of ${name.length} characters; that of a group has at most ${LONGEST_NAME}.`);
  }

  /** @throws RangeError for ranks that the group does not have, or that are listed twice. */
  ranks(ranks: readonly number[]): void {
    this.#list("newGroup", ranks, "ranks");
    const seen = new Set<number>();
    for (const rank of ranks) {
      this.peer("newGroup", rank);
      if (seen.has(rank)) throw this.rangeError("newGroup", `[${ranks}], which has rank ${rank} twice.`);
      seen.add(rank);
    }
  }

  /**
   * The pieces of a tensor or list, one for each rank.
   * @param mine the tensor that must fit this rank's piece.
   */
  pieces(call: string, whole: Pieces<Contiguous>, mine?: Contiguous): Span[] {
    const { size, rank } = this.group;
    const spans = this.#cut(call, whole, size);
    if (mine && (spans[rank].count !== mine.size || spans[rank].dtype !== mine.dtype)) {
      const piece = `${spans[rank].dtype}[${spans[rank].count}]`;
      throw this.rangeError(call, `${formatData(mine)} for a piece of ${piece} (rank ${rank} of ${size}).`);
    }
    return spans;
  }

  /** The same at the root; elsewhere the argument must be missing. */
  rootPieces(call: string, whole: Pieces<Contiguous> | undefined, root: number, mine: Contiguous): Span[] | undefined {
    if (this.group.rank !== root) {
      if (whole === undefined) return undefined;
      const what = whole === null ? "null" : "pieces";
      throw this.rangeError(call, `${what}, but rank ${root} is the root; pass undefined elsewhere.`);
    }
    if (whole === undefined) throw this.rangeError(call, "no pieces, but it is the root.");
    return this.pieces(call, whole, mine);
  }

  /** allToAll: what a rank sends to itself. */
  ownPiece(output: Span, input: Span): void {
    if (output.count === input.count && output.dtype === input.dtype) return;
    const text = (span: Span) => `${span.dtype}[${span.count}]`;
    throw this.rangeError("allToAll", `output piece ${text(output)} for its own input piece ${text(input)}.`);
  }

  /**
   * @param output its spans, and the tensor or list that they are of; the same of the input.
   * @throws RangeError when a part of the output is in the memory of another part or of the input. Only
   *   this rank's own piece may be both.
   */
  apart(call: string, output: Sided, input: Sided): void {
    const sides = [sideOf("output", output, this.group.rank), sideOf("input", input, this.group.rank)] as const;
    const parts = findOverlap(...sides);
    if (!parts) return;
    const [out] = sides;
    const where = out.spans.length > 1 ? "input must be exactly its own piece of the output" : "";
    const inPlace =
      call === "allToAll" ? "" : ` In place, the ${where || "output must be exactly its own piece of the input"}.`;
    throw this.rangeError(
      call,
      `${parts} in the same memory: one would overwrite the other. Give them memory of their own, for example with .clone().${inPlace}`,
    );
  }

  /**
   * allToAllRows: two tensors of rows of one width, and how many rows go to and come from each rank.
   * @throws TypeError for counts that are not i32; RangeError for other widths and numbers of counts, and for one memory.
   */
  rows(output: Contiguous, input: Contiguous, sendCounts: Contiguous, receiveCounts: Contiguous): void {
    const call = "allToAllRows";
    const { size } = this.group;
    for (const tensor of [output, input, sendCounts, receiveCounts]) this.tensor(call, tensor);
    for (const [name, counts] of Object.entries({ sendCounts, receiveCounts })) {
      const what = `${formatData(counts)} as ${name}; they are i32[${size}], one number for each rank.`;
      if (counts.dtype !== "i32") throw this.typeError(call, what);
      if (counts.size !== size) throw this.rangeError(call, what);
    }
    const widths = [output, input].map(({ shape }) => shape.slice(1).join(","));
    if (output.shape.length < 1 || input.shape.length < 1 || widths[0] !== widths[1] || output.dtype !== input.dtype) {
      throw this.rangeError(
        call,
        `rows of ${formatData(input)} for an output of ${formatData(output)}; both have rows of one shape and dtype.`,
      );
    }
    const side = (name: Side["name"], parts: readonly Contiguous[]): Side => {
      return { name, spans: parts.map(spanOf), isList: true, own: -1 };
    };
    const parts = findOverlap(side("output", [output, receiveCounts]), side("input", [input, sendCounts]));
    if (parts) throw this.rangeError(call, `${parts} in the same memory: one would overwrite the other.`);
  }

  /** @throws TypeError for values that JSON cannot say. */
  json(call: string, value: unknown): string {
    if (value instanceof JsonText) return value.text;
    let text: string | undefined;
    try {
      text = JSON.stringify(value);
    } catch (error) {
      throw this.typeError(call, `a value that JSON cannot represent: ${(error as Error).message.split("\n")[0]}.`);
    }
    if (text === undefined) throw this.typeError(call, `${kindOf(value)}; objects travel as JSON.`);
    return text;
  }

  #cut(call: string, whole: Pieces<Contiguous>, size: number): Span[] {
    if (Array.isArray(whole)) {
      const list = whole as readonly Contiguous[];
      if (list.length !== size) throw this.rangeError(call, `${list.length} pieces for ${size} ranks.`);
      for (const piece of list) {
        this.tensor(call, piece);
        if (piece.dtype === list[0].dtype) continue;
        const both = `${formatData(list[0])} and ${formatData(piece)}`;
        throw this.typeError(call, `a list of ${both}; its tensors must have one dtype. Cast them with .to(dtype).`);
      }
      return list.map(spanOf);
    }
    const tensor = whole as Contiguous;
    this.tensor(call, tensor);
    if (tensor.size % size !== 0) {
      throw this.rangeError(
        call,
        `${formatData(tensor)}, whose ${tensor.size} elements cannot be cut into ${size} equal pieces. Pass a list of tensors.`,
      );
    }
    const each = tensor.size / size;
    return Array.from({ length: size }, (_, i) => slice(spanOf(tensor), i * each, (i + 1) * each));
  }

  #list(call: string, list: unknown, of: string): void {
    if (Array.isArray(list)) return;
    throw this.typeError(call, `${kindOf(list)} where a list of ${of} belongs.`);
  }

  #whole(what: string, value: number, or: string): void {
    if (Number.isInteger(value) && value >= 0 && value < 2 ** 31) return;
    const text = `${what} ${shown(value)}; a ${what} is a whole number from 0${or}.`;
    throw typeof value === "number" ? this.rangeError("split", text) : this.typeError("split", text);
  }
}

/** A side of an operation: what it was called with, and the spans of that. */
type Sided = readonly [whole: Pieces<Contiguous>, spans: readonly Span[]];

/** @param rank whose piece is its own, where there are several. */
function sideOf(name: Side["name"], [whole, spans]: Sided, rank: number): Side {
  return { name, spans, isList: Array.isArray(whole), own: spans.length > 1 ? rank : 0 };
}
