/**
 * What the fused kernels compute, in plain float64: to read beside them, and to test them
 * against. Matrices are lists of rows. The backward kernels are tested against the slopes
 * of these functions (`slopes`), so they need no twins.
 */

type Row = readonly number[];
type Matrix = readonly Row[];

const sum = (numbers: Row): number => numbers.reduce((a, b) => a + b, 0);
const dot = (a: Row, b: Row): number => sum(a.map((x, i) => x * b[i]));
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

export function rmsNorm(x: Matrix, weight: Row, eps: number): number[][] {
  return x.map((row) => {
    const scale = 1 / Math.sqrt(dot(row, row) / row.length + eps);
    return row.map((value, i) => value * scale * weight[i]);
  });
}

export function layerNorm(x: Matrix, weight: Row, bias: Row, eps: number): number[][] {
  return x.map((row) => {
    const mean = sum(row) / row.length;
    const variance = sum(row.map((value) => (value - mean) ** 2)) / row.length;
    return row.map((value, i) => ((value - mean) / Math.sqrt(variance + eps)) * weight[i] + bias[i]);
  });
}

/** One head's vector, turned: elements i and i + dim/2 by position × base^(-2i/dim). */
export function rope(x: Row, position: number, base: number): number[] {
  const half = x.length / 2;
  return x.map((value, i) => {
    const angle = position * base ** ((-2 * (i % half)) / x.length);
    const other = i < half ? -x[i + half] : x[i - half];
    return value * Math.cos(angle) + other * Math.sin(angle);
  });
}

export function swiglu(gate: Row, up: Row): number[] {
  return gate.map((g, i) => g * sigmoid(g) * up[i]);
}

export function silu(x: Row): number[] {
  return x.map((v) => v * sigmoid(v));
}

export function gelu(x: Row): number[] {
  return x.map((v) => (v / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3))));
}

/** Loss of each row; a row whose target is `ignored` has none. */
export function crossEntropy(logits: Matrix, target: Row, ignored: number): number[] {
  return logits.map((row, r) => {
    if (target[r] === ignored) return 0;
    const top = Math.max(...row);
    return Math.log(sum(row.map((value) => Math.exp(value - top)))) + top - row[target[r]];
  });
}

/** One head of one sequence, by the whole matrix of scores. Queries that see no key give zeros. */
export function attention(q: Matrix, k: Matrix, v: Matrix, scale: number, causal: boolean) {
  const ahead = k.length - q.length;
  const dim = v[0]?.length ?? q[0]?.length ?? 0;
  const rows = q.map((query, i) => {
    const seen = causal ? Math.max(0, Math.min(k.length, i + ahead + 1)) : k.length;
    const scores = k.slice(0, seen).map((key) => scale * dot(query, key));
    const top = Math.max(...scores);
    const total = sum(scores.map((score) => Math.exp(score - top)));
    const weights = scores.map((score) => Math.exp(score - top) / total);
    const out = Array.from({ length: dim }, (_, c) => sum(weights.map((weight, j) => weight * v[j][c])));
    return { out, lse: seen > 0 ? top + Math.log(total) : -Infinity };
  });
  return { out: rows.map(({ out }) => out), lse: rows.map(({ lse }) => lse) };
}

export interface AdamwOptions {
  readonly lr: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly decay: number;
  /** From 1. */
  readonly step: number;
}

/** One step of AdamW on one tensor. @returns the new parameter and moments. */
export function adamw(parameter: Row, gradient: Row, first: Row, second: Row, options: AdamwOptions) {
  const { lr, beta1, beta2, eps, decay, step } = options;
  const m = first.map((value, i) => beta1 * value + (1 - beta1) * gradient[i]);
  const v = second.map((value, i) => beta2 * value + (1 - beta2) * gradient[i] ** 2);
  const p = parameter.map((value, i) => {
    const move = m[i] / (1 - beta1 ** step) / (Math.sqrt(v[i] / (1 - beta2 ** step)) + eps);
    return value * (1 - lr * decay) - lr * move;
  });
  return { parameter: p, first: m, second: v };
}

/** One step of Adam on one tensor: decay · parameter is a part of the gradient. */
export function adam(parameter: Row, gradient: Row, first: Row, second: Row, options: AdamwOptions) {
  const whole = gradient.map((g, i) => g + options.decay * parameter[i]);
  return adamw(parameter, whole, first, second, { ...options, decay: 0 });
}

export interface SgdOptions {
  readonly lr: number;
  readonly momentum: number;
  readonly dampening: number;
  readonly nesterov: boolean;
  readonly decay: number;
  readonly first: boolean;
}

/** One step of SGD with momentum on one tensor. @returns the new parameter and buffer. */
export function sgd(parameter: Row, gradient: Row, buffer: Row, options: SgdOptions) {
  const { lr, momentum, dampening, nesterov, decay, first } = options;
  const whole = gradient.map((g, i) => g + decay * parameter[i]);
  const moving = buffer.map((b, i) => (first ? whole[i] : momentum * b + (1 - dampening) * whole[i]));
  const move = moving.map((b, i) => (nesterov ? whole[i] + momentum * b : b));
  return { parameter: parameter.map((p, i) => p - lr * move[i]), buffer: moving };
}

/** The k experts with the largest logits, of equal ones the first, and their shares of the softmax, over all or over the chosen. */
export function route(logits: Row, k: number, renormalize: boolean): { chosen: number[]; weight: number[] } {
  const chosen = logits
    .map((_, e) => e)
    .sort((a, b) => logits[b] - logits[a] || a - b)
    .slice(0, k);
  const among = renormalize ? chosen : logits.map((_, e) => e);
  const total = sum(among.map((e) => Math.exp(logits[e])));
  return { chosen, weight: chosen.map((e) => Math.exp(logits[e]) / total) };
}

/** What a group of numbers becomes when its largest one is `most` steps: 127 in 8 bits, 7 in 4. */
export function quantized(group: Row, most: number): number[] {
  const scale = Math.max(...group.map(Math.abs)) / most;
  return group.map((value) => (scale > 0 ? Math.round(value / scale) * scale : 0));
}

/** Slopes of a function of many numbers, by central differences. */
export function slopes(of: (x: number[]) => number, x: Row, step = 1e-5): number[] {
  return x.map((value, i) => {
    const moved = (by: number): number => of(x.map((other, j) => (j === i ? value + by : other)));
    return (moved(step) - moved(-step)) / (2 * step);
  });
}

/** Philox4x32-10 (Salmon et al., 2011): the four words of a block under a key. */
export function philox(block: bigint, seed: bigint): bigint[] {
  const word = (x: bigint): bigint => BigInt.asUintN(32, x);
  let [c0, c1, c2, c3] = [word(block), word(block >> 32n), 0n, 0n];
  let [k0, k1] = [word(seed), word(seed >> 32n)];
  for (let round = 0; round < 10; round++) {
    const [p0, p1] = [c0 * 0xd2511f53n, c2 * 0xcd9e8d57n];
    [c0, c1, c2, c3] = [word((p1 >> 32n) ^ c1 ^ k0), word(p1), word((p0 >> 32n) ^ c3 ^ k1), word(p0)];
    [k0, k1] = [word(k0 + 0x9e3779b9n), word(k1 + 0xbb67ae85n)];
  }
  return [c0, c1, c2, c3];
}

/** Whether dropout keeps element `index` of a whole: by the upper 24 bits of its own word. */
export function keeps(index: number, seed: number, p: number): boolean {
  const own = philox(BigInt(Math.floor(index / 4)), BigInt(seed))[index % 4];
  return Number(own >> 8n) / 2 ** 24 >= Math.fround(p);
}
