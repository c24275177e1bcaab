/**
 * What a rank's program and its communication stream say to each other when the stream has
 * a thread of its own. The program's group checks a call and sends it with its arguments;
 * the stream's group does it. Tensors travel as places in the memory that both see.
 */
import { Buffer, type DType } from "../../device/index.ts";
import type { Contiguous, GroupInfo, Kind } from "../operation.ts";
import type { RankState } from "../transport.ts";

/** A tensor: where it lies. */
interface Packed {
  readonly tensor: readonly [address: number, bytes: number];
  readonly size: number;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

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
      readonly args: readonly unknown[];
      /** The operation begins when the stream has come so far. */
      readonly fence: Fence | undefined;
      /** Word that becomes 1 when the operation is done, 2 when it has failed. */
      readonly flag: number;
      readonly site: string;
    }
  /** The program cannot go on before the operation has ended; it wants to be told. */
  | { readonly type: "await"; readonly id: number; readonly site: string }
  /** The program awaits the operation, or lets a stream wait for it. */
  | { readonly type: "claim"; readonly id: number }
  /** The program has destroyed a group. */
  | { readonly type: "destroy"; readonly group: number }
  /** The program has waited for everything; are there copies that nobody has taken? */
  | { readonly type: "drain" }
  | { readonly type: "leave"; readonly state: "finished" | "failed"; readonly error: string }
  /** What was recorded so far is wanted. */
  | { readonly type: "report" }
  /** Nothing more will come. */
  | { readonly type: "over" };

export type FromComm =
  | { readonly type: "ended"; readonly id: number; readonly result?: unknown }
  | { readonly type: "failed"; readonly message: string }
  | { readonly type: "drained" }
  | { readonly type: "reported" }
  | { readonly type: "left" };

/** A new group, for the program. */
export type NewGroup = GroupInfo | undefined;

/** How far a rank has come, to tell the stream. */
export type Leaving = Exclude<RankState, "running">;

function isTensor(value: unknown): value is Contiguous {
  return typeof value === "object" && value !== null && "buffer" in value && "isContiguous" in value;
}

/** Arguments of a call, ready to be sent. @param place gives a tensor's address. */
export function pack(args: readonly unknown[], place: (tensor: Contiguous) => number): unknown[] {
  return args.map((value) => {
    if (Array.isArray(value)) return pack(value, place);
    if (!isTensor(value)) return value;
    const { size, dtype, shape, buffer, offset } = value;
    return { tensor: [place(value), buffer.bytes - offset], size, dtype, shape } satisfies Packed;
  });
}

/** The other way round: the tensors are views of memory that the program keeps alive. */
export function unpack(args: readonly unknown[]): unknown[] {
  return args.map((value) => {
    if (Array.isArray(value)) return unpack(value);
    if (typeof value !== "object" || value === null || !("tensor" in value)) return value;
    const { tensor, size, dtype, shape } = value as Packed;
    const [address, bytes] = tensor;
    const buffer = new Buffer(address, bytes, "data", value, () => {});
    return { buffer, offset: 0, size, dtype, shape, isContiguous: true } satisfies Contiguous;
  });
}
