/**
 * Standard output and standard error, as a job writes to them: this thread keeps the job's
 * coordinator, so a pager that is not read from must not hold it up. What it does not take
 * yet waits here; how much that may be, ranks are told. At the end all of it is written.
 */
import type { WriteStream } from "node:tty";
import type { PrintStream } from "../job/output.ts";

/** Bytes or characters that are worth a write of their own. */
const FULL = 64 * 1024;
/** Milliseconds that a reader has for what is left when somebody has stopped the job. */
const STOPPED = 300;

type Pipe = { _handle?: { setBlocking?(on: boolean): void } };

/** Why standard output can be written no longer. */
export interface Broken {
  readonly error: Error;
  /** Whether nobody is to hear of it: the reader of a pipe has seen enough. */
  readonly quiet: boolean;
}

export class Output {
  #onBroken: () => void = () => {};
  #broken: Broken | undefined;
  /** What has been written in this turn of the event loop: lines are many, and writes dear. */
  #pieces: (string | Uint8Array)[] = [];
  #size = 0;
  #stream: PrintStream = "stdout";

  constructor() {
    process.once("exit", () => this.#flush());
    process.stdout.on("error", (error: NodeJS.ErrnoException) => {
      if (this.#broken) return;
      this.#broken = { error, quiet: error.code === "EPIPE" };
      this.#onBroken();
    });
    process.stderr.on("error", () => {}); // there is nowhere to say so
  }

  /** Why standard output can be written no longer, if so. */
  get broken(): Broken | undefined {
    return this.#broken;
  }

  /** Calls back when standard output can be written no longer. */
  whenBroken(callback: () => void): void {
    this.#onBroken = callback;
  }

  /** Writes without waiting for whoever reads. */
  free(): void {
    this.#setBlocking(false);
  }

  write(text: string | Uint8Array, stream: PrintStream = "stdout"): void {
    if (stream !== this.#stream) this.#flush();
    this.#stream = stream;
    if (this.#pieces.length === 0) setImmediate(() => this.#flush());
    this.#pieces.push(text);
    this.#size += text.length;
    if (this.#size >= FULL) this.#flush();
  }

  #flush(): void {
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#size = 0;
    if (this.#stream === "stdout" && this.#broken) return;
    const texts = pieces.every((piece) => typeof piece === "string");
    if (texts && pieces.length > 0) process[this.#stream].write(pieces.join(""));
    else for (const piece of pieces) process[this.#stream].write(piece);
  }

  /** Undefined when whoever reads keeps up; else resolves when it has caught up. */
  readonly taken = (): Promise<unknown> | undefined => {
    const slow = (["stdout", "stderr"] as const).filter((stream) => process[stream].writableNeedDrain);
    if (slow.length === 0 || this.#broken) return undefined;
    return Promise.all(slow.map((stream) => drained(process[stream])));
  };

  /** Resolves when everything is written, or cannot be. @param stopped whether somebody waits for the end. */
  async close(stopped: boolean): Promise<void> {
    this.#flush();
    const written = Promise.all([finished(process.stdout), finished(process.stderr)]);
    const late = new Promise((resolve) => setTimeout(resolve, STOPPED));
    await (stopped ? Promise.race([written, late]) : written);
    await new Promise((resolve) => setImmediate(resolve)); // a failed write is reported in a later turn
    this.#setBlocking(true); // other programs may write to the same pipe
  }

  #setBlocking(on: boolean): void {
    for (const stream of [process.stdout, process.stderr]) (stream as Pipe)._handle?.setBlocking?.(on);
  }
}

function drained(stream: WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.once("drain", resolve);
    stream.once("error", () => resolve());
    stream.once("close", () => resolve());
  });
}

function finished(stream: WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else stream.write("", () => resolve());
  });
}
