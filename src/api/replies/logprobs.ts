/** Log-probabilities as chat completions and as completions tell them. */
import type { Tokenizer } from "../../models/index.ts";
import type { OutputToken } from "../../serve/index.ts";

interface TokenLogprob {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[];
}

/** Of one token in a chat. */
export interface ChatLogprob extends TokenLogprob {
  readonly top_logprobs: readonly TokenLogprob[];
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** One entry per token; their bytes, put together, are the text's. */
export function chatLogprobs(tokens: readonly OutputToken[], tokenizer: Tokenizer): ChatLogprob[] {
  const entry = (bytes: Uint8Array, logprob: number): TokenLogprob => ({
    token: utf8.decode(bytes),
    logprob,
    bytes: [...bytes],
  });
  return tokens.map(({ bytes, logprob = 0, top = [] }) => ({
    ...entry(bytes, logprob),
    top_logprobs: top.map((each) => entry(tokenizer.tokenBytes(each.token), each.logprob)),
  }));
}

/** Of a completion. */
export interface CompletionLogprobs {
  readonly tokens: string[];
  readonly token_logprobs: (number | null)[];
  readonly top_logprobs: (Readonly<Record<string, number>> | null)[];
  /** Characters of the text before each token. */
  readonly text_offset: number[];
}

/** Gathers them; what is given piece by piece goes on where the last piece ended. */
export class CompletionOffsets {
  #offset = 0;

  /** Of the tokens of one piece. The first token of a prompt has none: undefined. */
  of(tokens: readonly OutputToken[], tokenizer: Tokenizer): CompletionLogprobs {
    const logprobs: CompletionLogprobs = { tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] };
    for (const { bytes, logprob, top } of tokens) {
      const text = utf8.decode(bytes);
      logprobs.tokens.push(text);
      logprobs.token_logprobs.push(logprob ?? null);
      const alternatives = top?.map((each) => [utf8.decode(tokenizer.tokenBytes(each.token)), each.logprob]);
      logprobs.top_logprobs.push(alternatives ? Object.fromEntries(alternatives) : null);
      logprobs.text_offset.push(this.#offset);
      this.#offset += text.length;
    }
    return logprobs;
  }
}
