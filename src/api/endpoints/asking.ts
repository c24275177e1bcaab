/** What all endpoints do: check which model is meant, make tokens of strings, and ask the loop for answers. */
import type { EventLoop } from "../../platform/platform.ts";
import type { GenerateRequest, Generation } from "../../serve/index.ts";
import { ApiError, apiErrorOf } from "../errors.ts";
import { requestOf, type SamplingFields } from "../schema/sampling.ts";
import { encodeText, type ServedModel, type TextPart } from "../served-model.ts";

/** What a service is made of. */
export interface ServiceOptions {
  readonly model: ServedModel;
  readonly macrotask: EventLoop["macrotask"];
  /** In [0, 1): seeds where a request names none. */
  readonly random: () => number;
  /** A name that no other answer has. */
  readonly uniqueId: () => string;
  /** Seconds since 1970. */
  readonly clock: () => number;
}

/** What log-probabilities are asked for: alternatives beside each new token, and beside each of the prompt. */
export interface Scores {
  readonly logprobs?: number;
  readonly promptLogprobs?: number;
}

/** One model, as endpoints ask it. */
export class Asking {
  readonly model: ServedModel;
  readonly macrotask: EventLoop["macrotask"];
  /** A name that no other answer has. */
  readonly uniqueId: () => string;
  readonly #options: ServiceOptions;

  constructor(options: ServiceOptions) {
    this.model = options.model;
    this.macrotask = options.macrotask;
    this.uniqueId = options.uniqueId;
    this.#options = options;
  }

  /** @throws ApiError 404 for another model. */
  checkModel(name: string | null | undefined): void {
    if (name == null || name === this.model.name) return;
    const message = `There is no model ${JSON.stringify(name)} here; this server has ${JSON.stringify(this.model.name)}.`;
    throw new ApiError(404, message, { param: "model", code: "model_not_found" });
  }

  /** @throws ApiError as encodeText does. */
  encode(parts: readonly TextPart[], param: string): Promise<number[]> {
    return encodeText(this.model, parts, this.macrotask, param);
  }

  /** The answer to one prompt. @throws ApiError for what the engine refuses. */
  generate(
    fields: SamplingFields,
    prompt: readonly number[],
    { logprobs, promptLogprobs }: Scores,
    signal: AbortSignal,
    param: string,
  ): Generation {
    const seed = Math.floor(this.#options.random() * 2 ** 32);
    const asked = requestOf(fields, this.model, logprobs, seed);
    const request: GenerateRequest = { ...asked, promptLogprobs, prompt, signal };
    try {
      return this.model.loop.generate(request);
    } catch (error) {
      throw apiErrorOf(error, param);
    }
  }

  /** The answers to all prompts of a request, or to none of them. @throws ApiError for what the engine refuses. */
  generateAll(
    fields: SamplingFields,
    prompts: readonly (readonly number[])[],
    scores: Scores,
    signal: AbortSignal,
  ): Generation[] {
    const all = new AbortController();
    const either = AbortSignal.any([signal, all.signal]);
    try {
      return prompts.map((prompt) => this.generate(fields, prompt, scores, either, "prompt"));
    } catch (error) {
      all.abort();
      throw error;
    }
  }

  /** What each frame of an answer begins with. */
  head(prefix: string): { readonly id: string; readonly created: number; readonly model: string } {
    const { uniqueId, clock } = this.#options;
    return { id: `${prefix}-${uniqueId()}`, created: Math.floor(clock()), model: this.model.name };
  }
}

/** @throws ApiError 400 where something is asked for that this server does not do. */
export function refuse(param: string, isAsked: boolean): void {
  if (!isAsked) return;
  throw new ApiError(400, `${param} is asked for, and this server does not do that. Leave it out.`, {
    param,
    code: "unsupported_parameter",
  });
}

/** A model without conversations. */
export function noTemplate(): ApiError {
  const message = "This model has no chat template: send strings to /v1/completions.";
  return new ApiError(400, message, { code: "no_chat_template" });
}

/** When usage is told in a stream. */
export function usageMode({ stream_options: options }: SamplingFields): "none" | "end" | "each" {
  if (!options?.include_usage) return "none";
  return options.continuous_usage_stats ? "each" : "end";
}
