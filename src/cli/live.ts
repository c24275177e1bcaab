/**
 * Lines that are not finished yet: a status that the next one replaces, and text that goes on. In a terminal a
 * status stays in the last line; where lines are kept, such as in a file, one is written now and then.
 */
import { stripVTControlCharacters } from "node:util";
import type { Output } from "./output.ts";
import { prefixOf } from "./render.ts";

/** Milliseconds between two statuses where lines are kept. */
const NOW_AND_THEN = 10_000;

export class Live {
  readonly #output: Output;
  /** What stands in the last line: a status, or a rank's text that is not finished. */
  #open: "status" | number | undefined;
  #last = -Infinity;

  constructor(output: Output) {
    this.#output = output;
  }

  /** A status, as a line. */
  status(line: string): void {
    if (typeof this.#open === "number") this.end();
    if (!process.stdout.isTTY) {
      if (performance.now() - this.#last < NOW_AND_THEN) return;
      this.#last = performance.now();
      this.#output.write(`${line}\n`);
      return;
    }
    const columns = process.stdout.columns ?? 80;
    const fits = stripVTControlCharacters(line).length < columns;
    this.#output.write(`\r\u001b[K${fits ? line : stripVTControlCharacters(line).slice(0, columns - 1)}`);
    this.#open = "status";
  }

  /** A rank's text, which goes on where its last one ended. */
  write(rank: number, text: string, ranks: number): void {
    if (text === "") return;
    if (this.#open !== rank) this.end();
    const prefix = prefixOf(rank, ranks);
    const start = this.#open === rank ? "" : prefix;
    const ended = text.endsWith("\n");
    const body = ended ? text.slice(0, -1) : text;
    this.#output.write(start + body.replaceAll("\n", `\n${prefix}`) + (ended ? "\n" : ""));
    this.#open = ended ? undefined : rank;
  }

  /** Whole lines. */
  lines(lines: readonly string[]): void {
    this.end();
    this.#output.write(`${lines.join("\n")}\n`);
  }

  /** Leaves the last line free: a status is taken away, text is finished. */
  end(): void {
    if (this.#open === "status") this.#output.write("\r\u001b[K");
    else if (this.#open !== undefined) this.#output.write("\n");
    this.#open = undefined;
  }
}
