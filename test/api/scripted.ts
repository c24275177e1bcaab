/** The real server over an engine that says what a test tells it to: exact streams, in milliseconds. */

import { ChatTemplate } from "../../src/api/chat-template.ts";
import { LiveView } from "../../src/api/live/view.ts";
import { Metrics } from "../../src/api/node/metrics.ts";
import { type Server, type ServerOptions, startServer } from "../../src/api/node/server.ts";
import type { ServedModel } from "../../src/api/served-model.ts";
import { OpenAiService } from "../../src/api/service.ts";
import { chatTemplate, Tokenizer } from "../../src/models/index.ts";
import { spell } from "../../src/models/tokenizer/bytes.ts";
import { nodePlatform } from "../../src/platform/node/node.ts";
import {
  Engine,
  EngineLoop,
  type EngineOptions,
  PagePool,
  RadixTree,
  type Runner,
  type Sampled,
  type StepBatch,
} from "../../src/serve/index.ts";

const utf8 = new TextEncoder();
const specials = ["<|bos|>", "<|eos|>", "<|user|>", "<|assistant|>"];
export const [BOS, EOS] = [0, 1];

/** What a token is: a string, or bytes that are no string by themselves. */
export type Piece = string | readonly number[];

const bytesOf = (piece: Piece): Uint8Array => (typeof piece === "string" ? utf8.encode(piece) : Uint8Array.from(piece));

/** A tokenizer of all bytes, of four special tokens, and of these pieces. */
export function tokenizerWith(pieces: readonly Piece[]): Tokenizer {
  const vocabulary = new Map<string, number>();
  const merges: [string, string][] = [];
  const add = (bytes: Uint8Array): void => {
    if (!vocabulary.has(spell(bytes))) vocabulary.set(spell(bytes), specials.length + vocabulary.size);
  };
  for (let byte = 0; byte < 256; byte++) add(Uint8Array.of(byte));
  for (const bytes of pieces.map(bytesOf)) {
    for (let length = 2; length <= bytes.length; length++) {
      const whole = spell(bytes.subarray(0, length));
      if (vocabulary.has(whole)) continue;
      merges.push([spell(bytes.subarray(0, length - 1)), spell(bytes.subarray(length - 1, length))]);
      add(bytes.subarray(0, length));
    }
  }
  const addedTokens = specials.map((content, id) => ({
    ...{ id, content, special: true, lstrip: false, rstrip: false, normalized: false },
  }));
  return new Tokenizer({ vocabulary, merges, addedTokens, pattern: "gpt2" });
}

/** Says the tokens of a script, then the end. */
class ScriptRunner implements Runner {
  readonly positions: number;
  readonly vocabularySize: number;
  script: (promptLength: number, drawn: number) => number = () => EOS;
  /** Awaited before each step. */
  gate: () => Promise<void> = async () => {};
  steps = 0;

  constructor(positions: number, vocabularySize: number) {
    this.positions = positions;
    this.vocabularySize = vocabularySize;
  }

  async run({ rows }: StepBatch): Promise<Sampled[][]> {
    await this.gate();
    this.steps++;
    const said = (token: number, top: number | undefined): Sampled => {
      const alternatives = Array.from({ length: top ?? 0 }, (_, i) => ({ token: i + 4, logprob: -2 - i }));
      return top === undefined ? { token } : { token, logprob: -1, top: alternatives };
    };
    return rows.map(({ scores, draws }) => [
      ...(scores?.tokens ?? []).map((token) => said(token, scores?.top)),
      ...draws.map(({ sampling, tokens, promptLength }) =>
        said(this.script(promptLength, tokens.length - promptLength), sampling.logprobs),
      ),
    ]);
  }
}

/** A server, and its inside. */
export interface ScriptedServer {
  readonly url: string;
  readonly engine: Engine;
  readonly loop: EngineLoop;
  readonly pool: PagePool;
  readonly live: LiveView;
  readonly tokenizer: Tokenizer;
  readonly errors: unknown[];
  readonly lines: string[];
  /** From now on every answer is these pieces, then its end. */
  say(...pieces: Piece[]): void;
  /** From now on every answer is this token, without an end. */
  sayForever(piece: Piece): void;
  /** From now on a step waits for this. */
  hold(gate: () => Promise<void>): void;
  steps(): number;
  /** Closes it as somebody does who wants what runs to be finished. */
  finish(): Promise<void>;
  /** Closes it, and aborts what runs, also where it is being finished. */
  close(): Promise<void>;
}

/** How it is opened. */
export interface ScriptedOptions
  extends Partial<Omit<ServerOptions, "service" | "metrics" | "live">>,
    Pick<EngineOptions, "maxTokens" | "maxSequences">,
    Pick<ServedModel, "embed"> {
  readonly pieces?: readonly Piece[];
  readonly pages?: number;
  readonly pageSize?: number;
  readonly positions?: number;
  readonly maxWaiting?: number;
  readonly template?: string;
  /** Whether a text begins with a token of its own. */
  readonly begins?: boolean;
}

export async function openScripted(options: ScriptedOptions = {}): Promise<ScriptedServer> {
  const { pieces = [], pages = 256, pageSize = 4, positions = 512, maxWaiting, maxTokens, maxSequences } = options;
  const tokenizer = tokenizerWith(pieces);
  const pool = new PagePool(pages, pageSize);
  const runner = new ScriptRunner(positions, tokenizer.vocabularySize);
  const tree = new RadixTree(pool);
  const engine = new Engine({ runner, pool, cache: tree, maxTokens, maxSequences });
  const { macrotask } = nodePlatform;
  const loop = new EngineLoop({ engine, tokenizer, macrotask, maxWaiting });
  const live = new LiveView({
    ...{ name: "script", positions, loop, pool, tree },
    budget: { tokens: maxTokens ?? 512, sequences: maxSequences ?? 256 },
  });
  let id = 0;
  const names = { bos_token: "<|bos|>", eos_token: "<|eos|>" };
  const service = new OpenAiService({
    model: {
      ...{ name: "script", created: 1, loop, positions, defaults: {} },
      template: new ChatTemplate(options.template ?? chatTemplate(), tokenizer, names),
      bos: options.begins ? { id: BOS, text: "<|bos|>" } : undefined,
      eos: new Set([EOS]),
      embed: options.embed,
    },
    macrotask,
    random: () => 0.5,
    uniqueId: () => `test${id++}`,
    clock: () => 7,
  });
  const [errors, lines]: [unknown[], string[]] = [[], []];
  const server: Server = await startServer({
    ...{ port: 0, ...options, service, live, metrics: new Metrics(loop, "script", "worldsize:") },
    onError: (error) => errors.push(error),
    onRequest: ({ method, path, status }) => lines.push(`${method} ${path} ${status}`),
  });
  const close = async (abort: boolean): Promise<void> => {
    await Promise.all([server.close({ abort }), loop.close({ abort })]);
  };
  const idOf = (piece: Piece): number => {
    const wanted = bytesOf(piece);
    for (let token = 0; token < tokenizer.vocabularySize; token++)
      if (Buffer.compare(tokenizer.tokenBytes(token), wanted) === 0) return token;
    throw new RangeError(`No token is ${JSON.stringify(piece)}: name it among the pieces.`);
  };
  return {
    ...{ url: server.url, engine, loop, pool, live, tokenizer, errors, lines },
    say(...said) {
      const ids = said.map(idOf);
      runner.script = (_, drawn) => ids[drawn] ?? EOS;
    },
    sayForever(piece) {
      const token = idOf(piece);
      runner.script = () => token;
    },
    hold: (gate) => {
      runner.gate = gate;
    },
    steps: () => runner.steps,
    finish: () => close(false),
    close: () => close(true),
  };
}

/** Asks for JSON. */
export async function post(url: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** Asks for a stream. @returns the data of its events, "[DONE]" as it is. */
export async function events(url: string, body: object): Promise<unknown[]> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...body, stream: true }),
  });
  const text = await response.text();
  return text
    .split("\n\n")
    .filter((part) => part.startsWith("data: ") || part.startsWith("event: "))
    .map((part) => part.slice(part.indexOf("data: ") + 6))
    .map((data) => (data === "[DONE]" ? data : JSON.parse(data)));
}
