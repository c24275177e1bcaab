/** Answers of /v1/completions: whole, or in frames. */
import type { Tokenizer } from "../../models/index.ts";
import type { Generation, OutputToken } from "../../serve/index.ts";
import { CompletionOffsets } from "./logprobs.ts";
import { type Frame, finishOf, gathered, hasFailed, merged } from "./reply.ts";
import { usageOf } from "./usage.ts";

/** What is told before the answer where a prompt is echoed. */
export interface Echo {
  readonly text: string;
  /** With log-probabilities where those were asked for. */
  readonly tokens: readonly OutputToken[];
}

/** What an answer is written from. */
export interface CompletionReply {
  /** By prompt. */
  readonly generations: readonly Generation[];
  /** Of each prompt. */
  readonly choices: number;
  readonly tokenizer: Tokenizer;
  readonly head: { readonly id: string; readonly created: number; readonly model: string };
  readonly logprobs: boolean;
  readonly usage: "none" | "end" | "each";
  /** By prompt; none where nothing is echoed. */
  readonly echo?: (prompt: number) => Echo;
  /** Of the request: aborted with an ApiError that says why. */
  readonly signal: AbortSignal;
}

/** The whole answer. */
export async function completionJson(reply: CompletionReply): Promise<object> {
  const { generations, choices, tokenizer, head, logprobs, echo, signal } = reply;
  const all = await gathered(merged(generations));
  const list = generations.flatMap((_, prompt) =>
    Array.from({ length: choices }, (__, choice) => {
      const { text = "", tokens = [], reason = "length" } = all.of(prompt, choice) ?? {};
      const before = echo?.(prompt);
      return {
        index: prompt * choices + choice,
        text: (before?.text ?? "") + text,
        logprobs: logprobs ? new CompletionOffsets().of([...(before?.tokens ?? []), ...tokens], tokenizer) : null,
        finish_reason: finishOf(reason, signal),
      };
    }),
  );
  return { ...head, object: "text_completion", system_fingerprint: null, choices: list, usage: usageOf(generations) };
}

/** The answer in frames. */
export async function* completionFrames(reply: CompletionReply): AsyncGenerator<Frame> {
  const { generations, choices, tokenizer, head, logprobs, usage, echo, signal } = reply;
  const offsets = new Map<number, CompletionOffsets>();
  const frame = (list: object[], more: object = {}): Frame => ({
    data: { ...head, object: "text_completion", system_fingerprint: null, choices: list, ...more },
  });
  for await (const [prompt, piece] of merged(generations)) {
    if (hasFailed(piece)) continue;
    const { choice, text, tokens, finish } = piece;
    const index = prompt * choices + choice;
    const before = offsets.has(index) ? undefined : echo?.(prompt);
    const offset = offsets.get(index) ?? new CompletionOffsets();
    offsets.set(index, offset);
    const change = {
      index,
      text: (before?.text ?? "") + text,
      logprobs: logprobs ? offset.of([...(before?.tokens ?? []), ...tokens], tokenizer) : null,
      finish_reason: finish ? finishOf(finish, signal) : null,
    };
    yield frame([change], usage === "each" ? { usage: usageOf(generations) } : {});
  }
  if (usage !== "none") yield frame([], { usage: usageOf(generations) });
}
