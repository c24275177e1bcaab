/** What a rank's thread and the I/O thread of its process say to each other. */
import type { StoreReply, ToIoThread } from "../../../world/index.ts";

/** How a rank's thread gets at a socket: by its descriptor, or by rings that are read and written for it. */
export interface WireHandle {
  /** The descriptor; of rings, their number. */
  readonly wire: number;
  readonly rings?: SharedArrayBuffer;
}

/** What the I/O thread tells the rank's thread. */
export type IoMessage =
  | { readonly type: "wire"; readonly peer: number; readonly role: "in" | "out"; readonly handle: WireHandle }
  /** Something has come over a relayed wire, or nothing more will. */
  | { readonly type: "relayed"; readonly wire: number; readonly ended?: string }
  | { readonly type: "finished"; readonly id: number }
  | { readonly type: "stored"; readonly id: number; readonly reply: StoreReply }
  | { readonly type: "account" }
  | { readonly type: "verdict"; readonly message: string };

/** What the rank's thread tells the main thread about its wires. */
export type RankMessageToIo =
  | { readonly type: "told"; readonly message: ToIoThread }
  | { readonly type: "finish"; readonly id: number; readonly wire: number; readonly bytes: Uint8Array }
  /** The rings of a relayed wire are worth a look. */
  | { readonly type: "look"; readonly wire: number };
