/** POST /v1/completions */
import type { Tokenizer } from "../../models/index.ts";
import type { Generation } from "../../serve/index.ts";
import { completionFrames, completionJson, type Echo } from "../replies/completion.ts";
import type { Reply } from "../replies/reply.ts";
import { completionBody } from "../schema/others.ts";
import { parseBody } from "../schema/parse.ts";
import { promptsOf } from "../texts.ts";
import { type Asking, refuse, usageMode } from "./asking.ts";

/** Goes on from one string or several. @throws ApiError */
export async function completion(asking: Asking, body: unknown, signal: AbortSignal): Promise<Reply> {
  const fields = parseBody(completionBody, body);
  asking.checkModel(fields.model);
  refuse("suffix", fields.suffix != null && fields.suffix !== "");
  refuse("best_of", fields.best_of != null && fields.best_of !== (fields.n ?? 1));
  const { loop } = asking.model;
  const prompts = await promptsOf(fields.prompt, asking.model, asking.macrotask, "prompt");
  const logprobs = fields.logprobs ?? undefined;
  // OpenAI's default here is 16. Without any new token the prompt alone is run, as when it is scored.
  const asked = { ...fields, max_tokens: fields.max_tokens ?? 16 };
  const scores = fields.echo && (logprobs !== undefined || asked.max_tokens === 0);
  const promptLogprobs = scores ? (logprobs ?? 0) : undefined;
  const generations = asking.generateAll(asked, prompts, { logprobs, promptLogprobs }, signal);
  const reply = {
    generations,
    choices: fields.n ?? 1,
    tokenizer: loop.tokenizer,
    head: asking.head("cmpl"),
    logprobs: logprobs !== undefined,
    usage: usageMode(fields),
    echo: fields.echo ? (prompt: number) => echoOf(prompts[prompt], generations[prompt], loop.tokenizer) : undefined,
    signal,
  };
  if (!fields.stream) return { kind: "json", body: await completionJson(reply) };
  return { kind: "stream", frames: completionFrames(reply), done: true };
}

/** A prompt as it is told before its answer, with what was found of its tokens. */
function echoOf(prompt: readonly number[], { scored }: Generation, tokenizer: Tokenizer): Echo {
  const tokens = prompt.map((token, i) => ({ ...scored[i], token, bytes: tokenizer.tokenBytes(token) }));
  return { text: tokenizer.decode(prompt), tokens: scored.length > 0 ? tokens : [] };
}
