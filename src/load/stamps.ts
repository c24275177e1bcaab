/** What is kept of a request: when it was sent, and when which tokens came. All times are milliseconds of one clock. */
import type { Frame, Usage } from "./frame.ts";

/** A frame that brought something of the answer. */
export interface Stamp {
  readonly at: number;
  /** How many tokens were new with it, where the server says so: 0 for the end of a text that was held back. */
  readonly tokens?: number;
  /** Whether there was anything to read in it: a piece of a character alone is not shown. */
  readonly content: boolean;
}

/** Why a request has failed. */
export interface Failure {
  /**
   * `refused`: the server answered with an error, `broken`: while it answered; `lost`: no connection, or one that ended too soon;
   * `stopped`: we did it.
   */
  readonly kind: "refused" | "broken" | "lost" | "stopped";
  /** The HTTP status, of one that was refused. */
  readonly status?: number;
  readonly message: string;
}

/** What has become of a request. */
export interface Outcome {
  /** When it was sent. */
  readonly start: number;
  /** When the first frame with a choice came, even if there was nothing in it but the role. */
  readonly firstFrame?: number;
  readonly stamps: readonly Stamp[];
  /** When all was over. */
  readonly end: number;
  readonly text: string;
  /** Tokens as the server counts them. */
  readonly usage: Usage;
  /** Why the answer has ended, as the server says. */
  readonly finish?: string;
  readonly failure?: Failure;
}

/** Keeps the stamps of one request. */
export class Stamps {
  readonly #start: number;
  readonly #stamps: Stamp[] = [];
  #firstFrame: number | undefined;
  #text = "";
  #usage: Usage = {};
  #finish: string | undefined;
  /** Tokens of the answer so far, where the server counts them in each frame. */
  #counted = 0;

  constructor(start: number) {
    this.#start = start;
  }

  /** Whether the server has said why the answer ends. */
  get finished(): boolean {
    return this.#finish !== undefined;
  }

  /** Takes a frame that came at a time. */
  take(frame: Frame, at: number): void {
    if (frame.usage) this.#usage = { ...this.#usage, ...known(frame.usage) };
    if (!frame.choice) return;
    this.#firstFrame ??= at;
    this.#finish = frame.finish ?? this.#finish;
    this.#text += frame.content;
    let tokens = frame.fresh;
    if (frame.usage?.output !== undefined) {
      tokens = Math.max(0, frame.usage.output - this.#counted);
      this.#counted = frame.usage.output;
    }
    const content = frame.content !== "";
    if (content || (tokens ?? 0) > 0) this.#stamps.push({ at, tokens, content });
  }

  /** Ends it. */
  outcome(end: number, failure?: Failure): Outcome {
    return {
      start: this.#start,
      firstFrame: this.#firstFrame,
      stamps: this.#stamps,
      end,
      text: this.#text,
      usage: this.#usage,
      finish: this.#finish,
      failure,
    };
  }
}

/** Without what is not known. */
function known(usage: Usage): Usage {
  return Object.fromEntries(Object.entries(usage).filter(([, value]) => value !== undefined));
}
