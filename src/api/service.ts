/**
 * OpenAI's protocol over a served model, without any transport: each endpoint takes a body that may be anything, and gives
 * an object or frames. What is wrong with a request is thrown as an ApiError before its first frame.
 */
import { Asking, type ServiceOptions } from "./endpoints/asking.ts";
import { chat } from "./endpoints/chat.ts";
import { completion } from "./endpoints/completion.ts";
import { embeddings } from "./endpoints/embeddings.ts";
import { modelNamed, models } from "./endpoints/models.ts";
import { response } from "./endpoints/response.ts";
import { detokenize, tokenize } from "./endpoints/tokens.ts";
import type { Reply } from "./replies/reply.ts";
import type { ServedModel } from "./served-model.ts";

export type { ServiceOptions } from "./endpoints/asking.ts";

/** The endpoints. */
export class OpenAiService {
  readonly #asking: Asking;

  constructor(options: ServiceOptions) {
    this.#asking = new Asking(options);
  }

  /** What is served. */
  get model(): ServedModel {
    return this.#asking.model;
  }

  /** GET /v1/models */
  models(): object {
    return models(this.#asking);
  }

  /** GET /v1/models/{id}. @throws ApiError 404 for another model. */
  modelNamed(name: string): object {
    return modelNamed(this.#asking, name);
  }

  /** POST /v1/chat/completions */
  chat(body: unknown, signal: AbortSignal): Promise<Reply> {
    return chat(this.#asking, body, signal);
  }

  /** POST /v1/completions */
  completion(body: unknown, signal: AbortSignal): Promise<Reply> {
    return completion(this.#asking, body, signal);
  }

  /** POST /v1/responses */
  response(body: unknown, signal: AbortSignal): Promise<Reply> {
    return response(this.#asking, body, signal);
  }

  /** POST /v1/embeddings */
  embeddings(body: unknown, signal: AbortSignal): Promise<Reply> {
    return embeddings(this.#asking, body, signal);
  }

  /** POST /tokenize */
  tokenize(body: unknown): Promise<Reply> {
    return tokenize(this.#asking, body);
  }

  /** POST /detokenize */
  detokenize(body: unknown): Promise<Reply> {
    return detokenize(this.#asking, body);
  }
}
