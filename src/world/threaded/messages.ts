/**
 * What a rank's program and its communication stream say to each other when the stream has
 * a thread of its own. The program's group checks a call and sends it with its arguments;
 * the stream's group does it. Tensors travel as places in the memory that both see.
 */
import { Buffer, type DType } from "../../device/index.ts";
import { JsonText } from "../algorithms/json-text.ts";
import type { GroupInfo, Kind } from "../core/operation.ts";
import type { Report } from "../core/report.ts";
import type { Contiguous } from "../core/span.ts";
import type { RankState } from "../core/transport.ts";
import type { StoreReport } from "../store/open-calls.ts";

/**
 * An argument as it crosses. Numbers, strings and undefined go as they are; whatever else crosses
 * says what it is, so that nothing a program made is taken for something of ours. Its own
 * objects cross as the JSON that its group made of them.
 */
export type Packed =
  | number
  | string
  | undefined
  | {
      readonly as: "tensor";
      readonly address: number;
      /** To the end of its buffer. */
      readonly bytes: number;
      readonly size: number;
      readonly dtype: DType;
      readonly shape: readonly number[];
    }
  | { readonly as: "list"; readonly items: readonly Packed[] }
  | { readonly as: "json"; readonly text: string }
  | { readonly as: "options"; readonly options: Readonly<Record<string, number | string | undefined>> };

/** What an operation gives besides its tensors, by its kind: JSON strings, or a group, or none. */
export type Result = string | readonly string[] | GroupInfo | undefined;

/** A place in a stream that has a thread of its own. */
export interface Fence {
  /** Of the stream's ring. */
  readonly address: number;
  readonly position: number;
}

export type ToComm =
  | {
      readonly type: "call";
      readonly id: number;
      readonly group: number;
      readonly kind: Kind;
      readonly args: readonly Packed[];
      /** The operation begins when the stream has come so far. */
      readonly fence: Fence | undefined;
      /** Word that becomes 1 when the operation is done, 2 when it has failed. */
      readonly flag: number;
      readonly site: string;
    }
  /** The program cannot go on before the operation has ended; it wants to be told. */
  | { readonly type: "await"; readonly id: number; readonly site: string }
  /** The program awaits the operation, or lets a stream wait for it. */
  | {
      readonly type: "waitedFor";
      readonly id: number /** Which one may wait, by its ring. */;
      readonly stream?: number;
    }
  /** The program has destroyed a group. */
  | { readonly type: "destroy"; readonly group: number }
  /** The program has waited for everything; are there copies that nobody has taken? */
  | { readonly type: "drain" }
  | { readonly type: "leave"; readonly state: "finished" | "failed"; readonly error: string }
  /** What was recorded so far is wanted. */
  | { readonly type: "report" }
  /** What the rank is doing is wanted. */
  | { readonly type: "ask" }
  /** What the program does at the store has changed. */
  | { readonly type: "store"; readonly report: StoreReport }
  /** Nothing more will come. */
  | { readonly type: "over" };

export type FromComm =
  | { readonly type: "ended"; readonly id: number; readonly result?: Result }
  | { readonly type: "failed"; readonly message: string }
  | { readonly type: "drained" }
  | { readonly type: "reported" }
  | { readonly type: "doing"; readonly report: Report }
  | { readonly type: "left" };

/** How far a rank has come, to tell the stream. */
export type Leaving = Exclude<RankState, "running">;

function isTensor(value: object): value is Contiguous {
  return (value as Partial<Contiguous>).buffer instanceof Buffer;
}

/** An argument of a call, ready to be sent. @param place gives a tensor's address. */
export function pack(value: unknown, place: (tensor: Contiguous) => number): Packed {
  if (typeof value !== "object" || value === null) return value as Packed;
  if (isTensor(value)) {
    const { size, dtype, shape, buffer, offset } = value;
    return { as: "tensor", address: place(value), bytes: buffer.bytes - offset, size, dtype, shape };
  }
  if (Array.isArray(value)) return { as: "list", items: value.map((item) => pack(item, place)) };
  if (value instanceof JsonText) return { as: "json", text: value.text };
  return { as: "options", options: value as Record<string, number | string | undefined> };
}

/** The other way round: the tensors are views of memory that the program keeps alive. */
export function unpack(value: Packed): unknown {
  if (typeof value !== "object") return value;
  if (value.as === "list") return value.items.map(unpack);
  if (value.as === "json") return new JsonText(value.text);
  if (value.as === "options") return value.options;
  const { address, bytes, size, dtype, shape } = value;
  const buffer = new Buffer(address, bytes, "data", value, () => {});
  return { buffer, offset: 0, size, dtype, shape, isContiguous: true } satisfies Contiguous;
}
