/** Fields that all requests for text have: how tokens are drawn, and when to stop. Null is as good as nothing. */
import { z } from "zod";
import { type GenerateRequest, greedy, type SamplingOptions } from "../../serve/index.ts";

/** Most stop strings, as OpenAI's; and most characters of one. */
const STOPS = 4;
const STOP_LENGTH = 1024;

const stop = z.string().min(1, "a stop string has at least one character").max(STOP_LENGTH);
const flag = z.boolean().nullish();
const whole = z.number().int("expected a whole number");

/** Of chat completions and of completions. */
export const samplingFields = {
  model: z.string().nullish(),
  n: whole.min(1).max(128).nullish(),
  max_tokens: whole.min(0).nullish(),
  min_tokens: whole.min(0).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  top_k: whole.min(-1).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  repetition_penalty: z.number().gt(0).max(10).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  logit_bias: z
    .record(z.string().regex(/^\d{1,9}$/, "expected the id of a token"), z.number().min(-100).max(100))
    .nullish(),
  seed: whole.nullish(),
  stop: z.union([stop, z.array(stop).max(STOPS, `at most ${STOPS} stop strings`)]).nullish(),
  stop_token_ids: z.array(whole.min(0)).max(1024).nullish(),
  include_stop_str_in_output: flag,
  ignore_eos: flag,
  skip_special_tokens: flag,
  priority: whole.nullish(),
  stream: flag,
  stream_options: z.object({ include_usage: flag, continuous_usage_stats: flag }).nullish(),
  user: z.string().nullish(),
};

const shape = z.object(samplingFields);

/** What those fields hold. */
export type SamplingFields = z.infer<typeof shape>;

/** What of a model decides where a request says nothing. */
export interface SamplingDefaults {
  readonly defaults: Partial<SamplingOptions>;
  /** Tokens that end an answer. */
  readonly eos: ReadonlySet<number>;
}

/** The engine's request that these fields describe, but for its prompt. @param seed where none is given. */
export function requestOf(
  fields: SamplingFields,
  { defaults, eos }: SamplingDefaults,
  logprobs: number | undefined,
  seed: number,
): Omit<GenerateRequest, "prompt" | "signal"> {
  const { stop: stops, logit_bias: bias } = fields;
  const stopTokens = new Set([...(fields.ignore_eos ? [] : eos), ...(fields.stop_token_ids ?? [])]);
  const plain: SamplingOptions = { ...greedy, temperature: 1, ...defaults };
  return {
    maxTokens: fields.max_tokens ?? undefined,
    minTokens: fields.min_tokens ?? undefined,
    choices: fields.n ?? undefined,
    priority: fields.priority ?? undefined,
    stopTokens,
    stops: stops == null ? [] : typeof stops === "string" ? [stops] : stops,
    includeStop: fields.include_stop_str_in_output ?? undefined,
    skipSpecialTokens: fields.skip_special_tokens ?? undefined,
    sampling: {
      temperature: fields.temperature ?? plain.temperature,
      topK: Math.max(0, fields.top_k ?? plain.topK),
      topP: fields.top_p ?? plain.topP,
      minP: fields.min_p ?? plain.minP,
      repetitionPenalty: fields.repetition_penalty ?? plain.repetitionPenalty,
      frequencyPenalty: fields.frequency_penalty ?? plain.frequencyPenalty,
      presencePenalty: fields.presence_penalty ?? plain.presencePenalty,
      bias: bias ? new Map(Object.entries(bias).map(([token, added]) => [Number(token), added])) : plain.bias,
      seed: fields.seed ?? seed,
      logprobs,
    },
  };
}
