/**
 * How what a rank prints and shows leaves its thread. Everything goes by one message port,
 * in its order, and has left when the call that printed it returns: nothing is lost when the
 * thread ends by itself, by process.exit, or is ended by others. Of what is on its way only
 * so much may be; a rank whose reader is slow waits, as a process does that writes to a pipe.
 */

import type { Shown } from "../script/show.ts";
import { attempt } from "../trace/text.ts";

/** Where a program prints. */
export type PrintStream = "stdout" | "stderr";

/** What a rank shows or prints; ranks that share a thread share its streams (rank -1). `cost` is in bytes, about. */
export type Output =
  | { readonly type: "shown"; readonly rank: number; readonly shown: Shown; readonly cost: number }
  | {
      readonly type: "printed";
      readonly rank: number;
      readonly stream: PrintStream;
      readonly text: string | Uint8Array;
      readonly cost: number;
    };

/** Where a job's output goes. */
export interface OutputOptions {
  readonly onShown?: (rank: number, shown: Shown) => void;
  /** A rank prints (-1: one of several that share a thread); to the process's own streams if not given. */
  readonly onPrinted?: (rank: number, stream: PrintStream, text: string | Uint8Array) => void;
  /**
   * Whether what was handed on has been taken: undefined if so, else what resolves when it has.
   * A rank waits while too much of its output is on its way.
   */
  readonly taken?: () => Promise<unknown> | undefined;
}

/** Bytes of output of one thread that may be on their way. */
const LIMIT = 2 ** 20;
/** Bytes that every message counts for besides its text. */
const EACH = 256;
/** Milliseconds between two looks of a thread that waits for its reader. */
const LOOK = 100;

/** The word that counts bytes on their way, which a thread and its host share. */
export function outputWord(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4));
}

/** `bytes` of a thread's output have been taken. */
export function giveCredit(word: Int32Array, bytes: number): void {
  const left = Atomics.sub(word, 0, bytes) - bytes;
  if (left <= LIMIT / 2) Atomics.notify(word, 0); // rarely, so that the thread then has something to do
}

/** The thread's side. */
export class OutputSender {
  readonly #post: (output: Output) => void;
  readonly #word: Int32Array;

  constructor(post: (output: Output) => void, word: Int32Array) {
    this.#post = post;
    this.#word = word;
  }

  show(rank: number, shown: Shown): void {
    this.#send({ type: "shown", rank, shown, cost: EACH + sizeOf(shown) });
  }

  print(rank: number, stream: PrintStream, text: string | Uint8Array): void {
    this.#send({ type: "printed", rank, stream, text, cost: EACH + text.length });
  }

  #send(output: Output): void {
    const word = this.#word;
    for (let way = Atomics.load(word, 0); way > LIMIT; way = Atomics.load(word, 0)) Atomics.wait(word, 0, way, LOOK);
    this.#post(output); // throws for what cannot be sent, which then costs nothing
    Atomics.add(word, 0, output.cost);
  }
}

/** Gives credit for output once whoever reads it has taken it. */
export class Receipts {
  readonly #give: (bytes: number) => void;
  readonly #taken: () => Promise<unknown> | undefined;
  #owed = 0;

  /**
   * @param give gives credit for bytes.
   * @param taken undefined when all that was handed on is taken; else resolves when it is.
   */
  constructor(give: (bytes: number) => void, taken: (() => Promise<unknown> | undefined) | undefined) {
    this.#give = give;
    this.#taken = taken ?? (() => undefined);
  }

  /** Output of `bytes` has been handed on. */
  handedOn(bytes: number): void {
    const taken = this.#owed === 0 ? this.#taken() : undefined;
    if (this.#owed === 0 && !taken) {
      this.#give(bytes);
      return;
    }
    this.#owed += bytes;
    void taken?.then(() => {
      const owed = this.#owed;
      this.#owed = 0;
      this.#give(owed);
    });
  }

  /** Whether output waits for its reader. */
  get waiting(): boolean {
    return this.#owed > 0;
  }
}

/** About how many bytes a shown thing takes; whatever was shown. */
function sizeOf(shown: Shown): number {
  const items = (lists: readonly (readonly unknown[])[]): number => lists.reduce((sum, list) => sum + list.length, 0);
  return attempt(() => {
    if (shown.kind === "line" || shown.kind === "write") return shown.text.length;
    if (shown.kind === "row" || shown.kind === "status") return 64 * Object.keys(shown.row).length;
    if (shown.kind === "table") return 256 * shown.rows.length;
    if (shown.kind === "plot") return 8 * items(shown.series.map(({ y }) => y));
    return 64 * items(shown.lanes.map(({ spans }) => spans));
  }, 0);
}

/** What ranks print, as text: a character may come in two pieces. */
export class PrintDecoder {
  /** One per rank and stream. */
  readonly #decoders = new Map<string, TextDecoder>();

  textOf(rank: number, stream: PrintStream, text: string | Uint8Array): string {
    if (typeof text === "string") return text;
    const key = `${rank} ${stream}`;
    const decoder = this.#decoders.get(key) ?? new TextDecoder();
    this.#decoders.set(key, decoder);
    return decoder.decode(text, { stream: true });
  }
}
