/** What an answer prints, by rank: kept for whoever wrote it, so that it reaches no stream of the checker's own. */
import { PrintDecoder, type PrintStream } from "../../job/output.ts";
import { visible } from "../../trace/text.ts";

/** Characters of a rank that are kept. */
const MOST = 16_384;

export class Printed {
  readonly #texts: string[];
  readonly #dropped: number[];
  readonly #decoder = new PrintDecoder();

  constructor(ranks: number) {
    this.#texts = Array<string>(ranks).fill("");
    this.#dropped = Array<number>(ranks).fill(0);
  }

  take(rank: number, stream: PrintStream, text: string | Uint8Array): void {
    const at = Math.max(0, rank); // what a thread of several ranks prints outside them
    const piece = this.#decoder.textOf(at, stream, text);
    const room = MOST - this.#texts[at].length;
    this.#texts[at] += piece.slice(0, room);
    this.#dropped[at] += Math.max(0, piece.length - room);
  }

  /** By rank: its lines, control characters made visible. */
  lines(): string[][] {
    return this.#texts.map((text, rank) => {
      const lines = text
        .replace(/\r?\n$/, "")
        .split(/\r?\n/)
        .map(visible);
      const dropped = this.#dropped[rank];
      return text === ""
        ? []
        : [...lines, ...(dropped > 0 ? [`… and ${dropped} character${dropped === 1 ? "" : "s"} more`] : [])];
    });
  }
}
