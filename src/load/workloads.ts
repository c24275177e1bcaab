/**
 * What requests are like: lengths of prompts and answers, and which beginnings prompts share. A prompt is a list of pieces; pieces of
 * one key have the same tokens wherever they stand, so a workload says what a prefix cache could find without naming a token.
 */
import { Draws } from "./draws.ts";

/** A piece of a prompt. */
export interface Piece {
  /** Pieces of one key are the same tokens, or the shorter one the beginning of the longer. */
  readonly key: string;
  /** How many tokens. */
  readonly tokens: number;
}

/** A request as a workload describes it. */
export interface Wanted {
  /** The prompt's pieces, in their order. */
  readonly pieces: readonly Piece[];
  /** Tokens of the answer. */
  readonly output: number;
  /** When it is sent, in milliseconds from the start, if the workload says so: a trace does. */
  readonly at?: number;
}

/** Lengths around a mean, as vLLM's "random". */
export interface RandomOptions {
  readonly count: number;
  /** Tokens of the prompt without the prefix; the mean. */
  readonly input: number;
  /** Tokens of the answer; the mean. */
  readonly output: number;
  /** Lengths are drawn from (1 − ratio) to (1 + ratio) times the mean; from 0, the default, up to but not 1. */
  readonly rangeRatio?: number;
  /** Tokens that all prompts begin with. */
  readonly prefix?: number;
  readonly seed?: number;
}

/** Requests with uniformly drawn lengths. @throws RangeError for numbers that no request could have. */
export function randomLengths(options: RandomOptions): Wanted[] {
  const { count, input, output, rangeRatio = 0, prefix = 0, seed = 0 } = options;
  if (!(rangeRatio >= 0 && rangeRatio < 1))
    throw new RangeError(`The range ratio must be at least 0 and less than 1, and is ${rangeRatio}.`);
  const draws = new Draws(seed);
  const range = (mean: number, least: number) =>
    [
      Math.max(least, Math.floor(mean * (1 - rangeRatio))),
      Math.max(least, Math.ceil(mean * (1 + rangeRatio))),
    ] as const;
  const [inputs, outputs] = [range(input, prefix > 0 ? 0 : 1), range(output, 1)];
  return Array.from({ length: count }, (_, i) => ({
    pieces: filled([
      { key: "prefix", tokens: prefix },
      { key: `prompt ${i}`, tokens: draws.integer(...inputs) },
    ]),
    output: draws.integer(...outputs),
  }));
}

/** Groups of prompts with one beginning each, as SGLang's "generated-shared-prefix". */
export interface SharedPrefixOptions {
  readonly groups: number;
  readonly promptsPerGroup: number;
  /** Tokens of the beginning that a group shares. */
  readonly system: number;
  /** Tokens of a prompt's own end. */
  readonly question: number;
  /** Tokens of the answer. */
  readonly output: number;
  readonly seed?: number;
}

/** Requests of all groups, in a random order. */
export function sharedPrefix(options: SharedPrefixOptions): Wanted[] {
  const { groups, promptsPerGroup, system, question, output, seed = 0 } = options;
  const all = Array.from({ length: groups * promptsPerGroup }, (_, i) => ({
    pieces: filled([
      { key: `system ${i % groups}`, tokens: system },
      { key: `question ${i}`, tokens: question },
    ]),
    output,
  }));
  return new Draws(seed).shuffled(all);
}

/** Lengths of conversations: many short ones, some long. */
export interface MixedOptions {
  readonly count: number;
  /** Mean tokens of prompts; 202 if not given, as of ShareGPT's first turns. */
  readonly input?: number;
  /** Mean tokens of answers; 179 if not given. */
  readonly output?: number;
  /** The standard deviation of the lengths' logarithms; 1 if not given, which is a choice and not fitted to anything. */
  readonly sigma?: number;
  /** Most tokens of a prompt; 1024 if not given. */
  readonly mostInput?: number;
  /** Most tokens of a prompt and its answer together; 2048 if not given. */
  readonly most?: number;
  readonly seed?: number;
}

/** The shortest prompt and answer of a mixed workload, as in vLLM's filter of ShareGPT. */
const SHORTEST = 4;

/**
 * Requests with lognormal lengths, moved so that the mean over these very requests is what was asked for. Where prompt and answer
 * are too long together, the answer is cut.
 */
export function mixedLengths(options: MixedOptions): Wanted[] {
  const { count, input = 202, output = 179, sigma = 1, mostInput = 1024, most = 2048, seed = 0 } = options;
  const draws = new Draws(seed);
  const inputs = lognormal(draws, count, input, sigma, Math.min(mostInput, most - SHORTEST));
  const outputs = lognormal(draws, count, output, sigma, most - SHORTEST);
  return inputs.map((tokens, i) => ({
    pieces: [{ key: `prompt ${i}`, tokens }],
    output: Math.min(outputs[i], most - tokens),
  }));
}

/** Whole numbers from `SHORTEST` to `most` whose mean is `mean`, as nearly as such numbers can have it. */
function lognormal(draws: Draws, count: number, mean: number, sigma: number, most: number): number[] {
  if (!(mean >= SHORTEST && mean <= most))
    throw new RangeError(`A mean length of ${mean} tokens is not between ${SHORTEST} and ${most}.`);
  const normals = Array.from({ length: count }, () => draws.normal());
  const lengths = (mu: number): number[] =>
    normals.map((z) => Math.min(most, Math.max(SHORTEST, Math.round(Math.exp(mu + sigma * z)))));
  let [low, high] = [-50, 50];
  for (let i = 0; i < 60; i++) {
    const mu = (low + high) / 2;
    if (lengths(mu).reduce((sum, each) => sum + each, 0) < mean * count) low = mu;
    else high = mu;
  }
  return lengths(high);
}

/** Tokens of a block that a trace's hash stands for. */
const BLOCK = 512;

/**
 * Requests from a trace in Mooncake's form: a line of JSON each, with `timestamp` (ms), `input_length`, `output_length` and, where known,
 * `hash_ids`: a number per 512 tokens of the prompt, equal where prompts have begun alike.
 * @throws RangeError with the line that cannot be read.
 */
export function readTrace(text: string, blockTokens: number = BLOCK): Wanted[] {
  const lines = text.split("\n").map((line, i) => [line.trim(), i + 1] as const);
  const wanted = lines.flatMap(([line, number]) => (line === "" ? [] : [traceLine(line, number, blockTokens)]));
  const start = wanted.reduce((least, { at }) => Math.min(least, at), Infinity);
  return wanted.map((each) => ({ ...each, at: each.at - start })).sort((a, b) => a.at - b.at);
}

function traceLine(line: string, number: number, blockTokens: number): Wanted & { at: number } {
  const wrong = (what: string) => new RangeError(`Line ${number} of the trace ${what}: ${line.slice(0, 60)}`);
  let read: Record<string, unknown>;
  try {
    read = JSON.parse(line) as Record<string, unknown>;
  } catch {
    throw wrong("is not JSON");
  }
  const { timestamp: at, input_length: input, output_length: output, hash_ids: hashes = [] } = read ?? {};
  if (typeof at !== "number" || !(at >= 0)) throw wrong("has no timestamp in milliseconds");
  if (!isCount(input) || !isCount(output)) throw wrong("needs input_length and output_length, each at least 1");
  if (!Array.isArray(hashes)) throw wrong("has hash_ids that are not a list");
  const blocks = hashes.map((hash, i) => ({
    key: `block ${String(hash)}`,
    tokens: Math.max(0, Math.min(blockTokens, input - i * blockTokens)),
  }));
  const rest = { key: `line ${number}`, tokens: Math.max(0, input - hashes.length * blockTokens) };
  return { pieces: filled([...blocks, rest]), output, at };
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1;
}

/** Without pieces that have no tokens. */
function filled(pieces: readonly Piece[]): Piece[] {
  return pieces.filter(({ tokens }) => tokens > 0);
}

/** Tokens of a request's prompt. */
export function inputTokens({ pieces }: Wanted): number {
  return pieces.reduce((sum, { tokens }) => sum + tokens, 0);
}
