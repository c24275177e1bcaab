/** What a server says of itself: its models, and its tokens where it has /tokenize. */
import { lost, refusal, type Target } from "./client.ts";
import type { Codec } from "./prompts.ts";
import type { Failure } from "./stamps.ts";

/** A model that a server lists. */
export interface ListedModel {
  readonly id: string;
  /** Most tokens of a prompt and its answer, where the server says so. */
  readonly most?: number;
}

/** A server that cannot be measured, with what to do. */
export class ServerError extends Error {
  override readonly name = "ServerError";
}

/** An address as clients take it: with `/v1` at its end or without. */
export function baseOf(url: string): string {
  return url.replace(/\/+$/, "").replace(/\/v1$/, "");
}

/** Where a server is, and how to be let in. */
export type Door = Pick<Target, "url" | "key" | "fetch">;

/** The models that a server has. @throws ServerError where none can be had. */
export async function listModels(door: Door): Promise<ListedModel[]> {
  const found = await call(door, "GET", "/v1/models");
  if ("failure" in found) throw new ServerError(adviceOf(found.failure, door));
  const { data } = found.body as { data?: { id?: unknown; max_model_len?: unknown }[] };
  const models = (Array.isArray(data) ? data : []).flatMap(({ id, max_model_len: most }) =>
    typeof id === "string" ? [{ id, most: typeof most === "number" ? most : undefined }] : [],
  );
  if (models.length === 0)
    throw new ServerError(`${door.url}/v1/models lists no model. Is this a server of OpenAI's protocol?`);
  return models;
}

/** What a failure at the first request means for whoever started the run. */
export function adviceOf({ kind, status, message }: Failure, { url, key }: Pick<Target, "url" | "key">): string {
  if (kind === "lost") {
    return /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|fetch failed|NetworkError/.test(message)
      ? `Nothing answers at ${url} (${message}). Start a server there, or give its --url.`
      : `The connection to ${url} failed: ${message}.`;
  }
  const said = `${url} answered ${status === undefined ? "with an error" : status}: ${message}`;
  if (status === 401 || status === 403)
    return `${said}\n${key ? "It does not take this key." : "It wants a key: --key, or OPENAI_API_KEY."}`;
  if (status === 404)
    return `${said}\nThe model or the path is not there: see ${url}/v1/models, and --model and --api.`;
  if (status === 429)
    return `${said}\nIt takes no more requests now: wait, or send fewer with --rate or --concurrency.`;
  if (status === 400) return `${said}\nA server that knows OpenAI's own fields only needs --plain.`;
  return said;
}

/**
 * A server's tokenizer, by /tokenize and /detokenize as of vLLM and of llama.cpp.
 * @returns undefined for a server that has none.
 */
export async function serverCodec(door: Door, model: string): Promise<Codec | undefined> {
  /** Asks, and takes the first of these fields that is what it should be. */
  const ask = async <T>(
    path: string,
    body: object,
    names: readonly string[],
    is: (value: unknown) => value is T,
  ): Promise<T> => {
    const found = await call(door, "POST", path, { model, ...body });
    if ("failure" in found) {
      const { status, message } = found.failure;
      throw new ServerError(`${door.url}${path} answered ${status ?? "nothing"}: ${message}`);
    }
    const fields = found.body as Record<string, unknown>;
    const value = names.map((name) => fields[name]).find(is);
    if (value === undefined) throw new ServerError(`${door.url}${path} answered without ${names.join(" or ")}.`);
    return value;
  };
  const codec: Codec = {
    encode: (text) => ask("/tokenize", { prompt: text, content: text, add_special_tokens: false }, ["tokens"], areIds),
    decode: (tokens) => ask("/detokenize", { tokens }, ["prompt", "content"], isText),
  };
  try {
    await codec.decode(await codec.encode("the"));
    return codec;
  } catch (error) {
    if (error instanceof ServerError) return undefined;
    throw error;
  }
}

function areIds(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(Number.isInteger);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

type Answered = { readonly body: object } | { readonly failure: Failure };

/** Asks for a small answer in JSON. A body that is not an object is as good as an empty one. */
async function call(door: Door, method: string, path: string, body?: object): Promise<Answered> {
  const headers = {
    ...(body && { "content-type": "application/json" }),
    ...(door.key && { authorization: `Bearer ${door.key}` }),
  };
  try {
    const response = await (door.fetch ?? fetch)(`${door.url}${path}`, {
      method,
      headers,
      body: body && JSON.stringify(body),
    });
    if (!response.ok) return { failure: await refusal(response) };
    const read = (await response.json().catch(() => undefined)) as unknown;
    return { body: typeof read === "object" && read !== null ? read : {} };
  } catch (error) {
    return { failure: lost(error) };
  }
}
