/**
 * What a served model takes of a process's memory, from its form alone, so that a model which cannot fit is refused before its
 * weights are read. A process has one wasm32 memory of 4 GiB. Bytes are counted as the allocator counts them.
 */
import { formatBytes } from "../../device/index.ts";
import { type DecoderConfig, type KvDType, kvDTypes, parameterForms, positionsOf } from "../../models/index.ts";
import { tableWidth } from "./decode-graphs.ts";

/** What weights are kept in: matrices of int8 and int4 in groups of 32 with an f32 scale; what they leave out is f32. */
export const weightDTypes = ["f32", "bf16", "int8", "int4"] as const;
/** One of `weightDTypes`. */
export type WeightDType = (typeof weightDTypes)[number];

/** How a model is served. */
export interface MemoryOptions {
  readonly weights: WeightDType;
  readonly kv: KvDType;
  /** Tokens that there are keys and values for. */
  readonly kvTokens: number;
  /** Tokens of a page; 16 if not given. */
  readonly pageSize?: number;
  /** Most tokens of a step; 512 if not given. */
  readonly maxTokens?: number;
  /** Most sequences of a step; 64 if not given. */
  readonly maxSequences?: number;
  /** Positions that rotary tables are made for; as a model is read if not given. */
  readonly positions?: number;
  /** Bytes that there are; what a process has if not given. */
  readonly budget?: number;
}

/** Bytes of a served model. */
export interface MemoryNeed {
  readonly weights: number;
  readonly kv: number;
  /** No step takes more. */
  readonly step: number;
  readonly total: number;
  /** What there is. */
  readonly budget: number;
  readonly fits: boolean;
}

const LINE = 64; // a block of the allocator is a multiple of it
const UNIT = 256 * 1024; // the pool's smallest segment
const WHOLE = 2 ** 32;
/** The pool's table and the last unit, which addresses must stay below; then the threads' own space. */
const OUTSIDE = 2 * UNIT + 32 * 2 ** 20;
const GROUP = 32;

/** Bytes of a process that tensors can have: 4 GiB of addresses, less what kernels and streams keep. */
export const USABLE = WHOLE - OUTSIDE;

function block(bytes: number): number {
  return Math.max(LINE, Math.ceil(bytes / LINE) * LINE);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** A model's form on one of several processes that share out heads and hidden columns; embedding, norms and head are on each. */
function shareOf(config: DecoderConfig, processes: number): DecoderConfig {
  const { heads, kvHeads, ffnWidth } = config;
  return { ...config, heads: heads / processes, kvHeads: kvHeads / processes, ffnWidth: ffnWidth / processes };
}

/** Bytes of the weights, rotary tables included. */
export function weightBytes(config: DecoderConfig, dtype: WeightDType, positions?: number): number {
  const rows = positions ?? positionsOf(config);
  const tables = config.positions === "rope" ? 2 * block((rows * config.headDim * 4) / 2) : 0;
  if (dtype === "int8" || dtype === "int4") return tables + fewBits(config, dtype === "int8" ? 8 : 4);
  const size = dtype === "bf16" ? 2 : 4;
  let sum = tables;
  for (const { shape } of parameterForms(config)) sum += block(sizeOf(shape) * size);
  return sum;
}

/** Joined matrices of few bits, and the rest in f32. */
function fewBits(config: DecoderConfig, bits: 8 | 4): number {
  const { heads, kvHeads, headDim, width, ffnWidth, layers, vocabularySize } = config;
  const matrix = (rows: number, columns: number): number => {
    const whole = Math.ceil(rows / 8) * 8;
    return block((whole * columns * bits) / 8) + block((whole * columns * 4) / GROUP);
  };
  const bias = (is: boolean, rows: number): number => (is ? block(rows * 4) : 0);
  const products = (sizes: readonly number[], columns: number, isBiased: boolean): number => {
    const all = sizes.reduce((sum, size) => sum + size, 0);
    const isOne = sizes.slice(0, -1).every((size) => size % 8 === 0);
    const parts = isOne ? [all] : sizes;
    return parts.reduce((sum, rows) => sum + matrix(rows, columns), 0) + bias(isBiased, all);
  };
  const kvRows = kvHeads * headDim;
  let layer = products([heads * headDim, kvRows, kvRows], width, config.attentionBias);
  layer += products([width], heads * headDim, config.outputBias);
  if (config.experts === 0) {
    layer += products(config.activation === "silu" ? [ffnWidth, ffnWidth] : [ffnWidth], width, config.mlpBias);
    layer += products([width], ffnWidth, config.mlpBias);
  }
  const taken = /attention\.[qkvo]\.|mlp\.(gate|up|down)\.|^head\./;
  let sum = layers * layer + matrix(vocabularySize, width);
  for (const { name, shape } of parameterForms(config)) if (!taken.test(name)) sum += block(sizeOf(shape) * 4);
  return sum;
}

/** Bytes of a pool of pages, scales included. */
export function kvBytes(config: DecoderConfig, dtype: KvDType, pages: number, pageSize: number): number {
  const heads = pages * pageSize * config.kvHeads;
  const size = { f32: 4, bf16: 2, int8: 1 }[dtype];
  const scales = dtype === "int8" ? block(heads * 4) : 0;
  return 2 * config.layers * (block(heads * config.headDim * size) + scales);
}

/** Bytes that no step exceeds: what a layer makes of its tokens, scores of the last ones, and a matrix made f32 for a product. */
function stepBytes(config: DecoderConfig, options: MemoryOptions): number {
  const { width, heads, kvHeads, headDim, ffnWidth, vocabularySize, experts, expertsPerToken } = config;
  const { maxTokens = 512, maxSequences = 64, weights, kvTokens, pageSize = 16 } = options;
  const columns = 10 * width + 4 * (heads + 2 * kvHeads) * headDim + heads + 5 * ffnWidth;
  const mixed = experts > 0 ? expertsPerToken * (4 * width + 5 * ffnWidth) + 4 * experts : 0;
  const scores = 2 * Math.min(maxSequences, maxTokens) * vocabularySize;
  const tables = maxSequences * (Math.ceil(kvTokens / pageSize) + 4);
  const matrices = experts > 0 ? 3 * experts : 1; // all of a mixture's are made f32 together
  const sizes = [vocabularySize * width, matrices * ffnWidth * width, heads * headDim * width];
  const largest = weights === "bf16" ? Math.max(...sizes) : 0;
  return 4 * (maxTokens * (columns + mixed) + scores + tables + largest) + 16 * UNIT;
}

/** Bytes that graphs of steps of up to `most` sequences keep for themselves, one graph for each power of two; with their page. */
export function graphBytes(config: DecoderConfig, options: MemoryOptions, most: number): number {
  const { pageSize = 16, kv } = options;
  let sum = kvBytes(config, kv, 1, pageSize);
  for (let sequences = 1; sequences < 2 * most; sequences *= 2) {
    const step = stepBytes(config, { ...options, maxTokens: sequences, maxSequences: sequences });
    sum += step + block(4 * sequences * (4 + tableWidth(config.maxPositions, pageSize, options.kvTokens)));
  }
  return most > 0 ? sum : 0;
}

/** The most sequences, up to `maxSequences`, whose graphs have room beside all else; 0 if none have. */
export function graphsThatFit(config: DecoderConfig, options: MemoryOptions): number {
  const { total, budget } = memoryNeed(config, options);
  for (let most = options.maxSequences ?? 64; most >= 1; most = Math.floor(most / 2))
    if (total + graphBytes(config, options, most) <= budget) return most;
  return 0;
}

/** What a model takes, and whether that fits. */
export function memoryNeed(config: DecoderConfig, options: MemoryOptions): MemoryNeed {
  const { kvTokens, pageSize = 16, budget = USABLE } = options;
  const weights = weightBytes(config, options.weights, options.positions);
  const kv = kvBytes(config, options.kv, Math.ceil(kvTokens / pageSize), pageSize);
  const step = stepBytes(config, options);
  const total = weights + kv + step;
  return { weights, kv, step, total, budget, fits: total <= budget };
}

/** A model that cannot be served here. */
export class MemoryRefusal extends RangeError {
  override readonly name = "MemoryRefusal";
  /** What it would take. */
  readonly need: MemoryNeed;

  constructor(need: MemoryNeed, message: string) {
    super(message);
    this.need = need;
  }
}

/** @throws MemoryRefusal with what is needed, what is there, and what would fit. */
export function checkMemory(config: DecoderConfig, options: MemoryOptions): MemoryNeed {
  const need = memoryNeed(config, options);
  if (need.fits) return need;
  const { weights, kv, step, total, budget } = need;
  const ways = [smallerFit(config, options), splitFit(config, options)].filter((way) => way !== undefined);
  throw new MemoryRefusal(
    need,
    `The model needs ${formatBytes(total)} (weights in ${options.weights} ${formatBytes(weights)}, keys and values of ` +
      `${options.kvTokens} tokens in ${options.kv} ${formatBytes(kv)}, a step ${formatBytes(step)}), but there are ${formatBytes(budget)} ` +
      `in a process. ${ways.length > 0 ? `It fits ${ways.join(", or ")}.` : "No dtype, and no split by heads, makes it fit."}`,
  );
}

/** The largest dtypes that fit, weights before keys and values. */
function smallerFit(config: DecoderConfig, options: MemoryOptions): string | undefined {
  for (const kv of kvDTypes.slice(kvDTypes.indexOf(options.kv))) {
    for (const weights of weightDTypes.slice(weightDTypes.indexOf(options.weights))) {
      if (memoryNeed(config, { ...options, weights, kv }).fits)
        return `with weights in ${weights} and keys and values in ${kv}`;
    }
  }
  return undefined;
}

function splitFit(config: DecoderConfig, options: MemoryOptions): string | undefined {
  const processes = processesThatFit(config, options);
  return processes === undefined ? undefined : `split by heads over ${processes} processes`;
}

/** The fewest processes that share out heads evenly and fit; undefined if none do. */
export function processesThatFit(config: DecoderConfig, options: MemoryOptions): number | undefined {
  const { heads, kvHeads, ffnWidth } = config;
  for (let processes = 1; processes <= kvHeads; processes++) {
    if ([heads, kvHeads, ffnWidth].some((size) => size % processes !== 0)) continue;
    if (memoryNeed(shareOf(config, processes), options).fits) return processes;
  }
  return undefined;
}

/** As many pages as a budget has room for beside weights and a step; 0 if there is none. */
export function pagesThatFit(config: DecoderConfig, options: Omit<MemoryOptions, "kvTokens">): number {
  const { pageSize = 16 } = options;
  const fits = (pages: number): boolean => memoryNeed(config, { ...options, kvTokens: pages * pageSize }).fits;
  let [low, high] = [0, 1];
  while (fits(high)) [low, high] = [high, 2 * high];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}
