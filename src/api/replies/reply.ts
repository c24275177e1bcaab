/** What an endpoint answers: one object, or frames as they are made. */
import type { FinishReason, OutputPiece } from "../../serve/index.ts";
import { ApiError, ended } from "../errors.ts";

/** One event of a stream. */
export interface Frame {
  /** The event's name where it has one. */
  readonly event?: string;
  readonly data: unknown;
}

/** An answer. */
export type Reply =
  | { readonly kind: "json"; readonly body: object }
  | {
      readonly kind: "stream";
      readonly frames: AsyncIterable<Frame>;
      /** Whether `[DONE]` ends it, also after an error. */
      readonly done: boolean;
    };

/** Why a choice has ended, in OpenAI's words. @throws ApiError for one that was aborted: by the signal, which says why, or with the server. */
export function finishOf(reason: FinishReason, { reason: why }: AbortSignal): "stop" | "length" {
  if (reason === "stop" || reason === "length") return reason;
  throw why instanceof ApiError ? why : ended.stopped();
}

/** Whether a piece says no more than that a step has failed. Why it did, its generation throws next. */
export function hasFailed({ finish }: OutputPiece): boolean {
  return finish === "error";
}

/** All pieces of several generations, in the order in which they come. */
export async function* merged<T>(sources: readonly AsyncIterable<T>[]): AsyncGenerator<readonly [number, T]> {
  const readers = sources.map((source) => source[Symbol.asyncIterator]());
  const next = (i: number) => readers[i].next().then((result) => ({ i, result }));
  const waiting = new Map(readers.map((_, i) => [i, next(i)]));
  try {
    while (waiting.size > 0) {
      const { i, result } = await Promise.race(waiting.values());
      if (result.done) waiting.delete(i);
      else {
        waiting.set(i, next(i));
        yield [i, result.value];
      }
    }
  } finally {
    for (const reader of readers) void reader.return?.();
  }
}

/** Text and tokens of each choice, and why it ended, when all are there. */
export async function gathered(pieces: AsyncIterable<readonly [number, OutputPiece]>) {
  const choices = new Map<string, { text: string; tokens: OutputPiece["tokens"][number][]; reason: FinishReason }>();
  for await (const [source, { choice, text, tokens, finish }] of pieces) {
    const key = `${source} ${choice}`;
    const all = choices.get(key) ?? { text: "", tokens: [], reason: "stop" };
    choices.set(key, all);
    all.text += text;
    all.tokens.push(...tokens);
    if (finish) all.reason = finish;
  }
  return { of: (source: number, choice: number) => choices.get(`${source} ${choice}`) };
}
