/**
 * Attention without the matrix of scores, forward and backward; pages.ts has it over a block table. Tokens
 * of all sequences lie one after the other; strides count elements. All f32.
 *
 * What it costs is counted as is usual: 4 · dim operations for each head and each pair of a query and
 * a key that it sees, 2 · dim for the score and 2 · dim for the value; backward 10 · dim, as five products
 * of that size. The softmax is left out, and so is whatever a causal mask hides: of n × n pairs
 * n (n + 1) / 2 are left. Key heads that several query heads share change nothing.
 */
import { run, sharedParts } from "./parts.ts";
import type { Kernel } from "./spec.ts";

/** Bytes from the first element to just past the last one of [tokens, heads, dim] with these strides. */
export function reach(tokens: number, heads: number, dim: number, token: number, head: number): number {
  return tokens && heads ? ((tokens - 1) * token + (heads - 1) * head + dim) * 4 : 0;
}

function badSequence(status: number): string {
  return `sequence ${status - 1} lies outside the tokens: its boundaries must grow and stay among them`;
}

/** Lengths of sequences, from their boundaries. */
export function lengths(starts: Int32Array): Int32Array {
  return starts.subarray(1).map((end, i) => end - starts[i]);
}

/** Pairs of a query and a key that it sees. With a mask, query i of m sees the keys up to i + (n - m) of n. */
export function pairs(queries: Int32Array, keys: Int32Array, causal: number): number {
  let sum = 0;
  for (const [s, m] of queries.entries()) {
    const n = keys[s];
    const seeing = Math.min(m, n); // the queries before them see nothing
    sum += causal ? seeing * n - (seeing * (seeing - 1)) / 2 : m * n;
  }
  return sum;
}

/** Scalars of attention over packed sequences, forward and backward. */
const packedScalars = [
  "sequences",
  "heads",
  "kvHeads",
  "dim",
  "qTokens",
  "kTokens",
  "qToken",
  "qHead",
  "kToken",
  "kHead",
  "oToken",
  "oHead",
  "causal",
  "scale",
] as const;

/** Arguments of a whole attention; a part of one has two more: the first of its sequences and heads, and the end of them. */
const ALL = 21;
/** The same of the backward pass, which is cut by sequences and key heads: query heads that share one add to the same dk and dv. */
const ALL_BACKWARD = 25;

/** Scalars are listed in each comment, in order. */
export const attentionKernels = {
  /**
   * q, k, v, o, lse [heads, qTokens], qStarts, kStarts (i32) [sequences + 1] |
   * sequences, heads, kvHeads, dim, qTokens, kTokens, qToken, qHead, kToken, kHead, oToken, oHead, causal, scale
   */
  attention: {
    scalars: packedScalars,
    buffers: ["in", "in", "in", "out", "out", "in", "in"],
    bounds: ([sequences, heads, kvHeads, dim, qTokens, kTokens, qToken, qHead, kToken, kHead, oToken, oHead]) => [
      reach(qTokens, heads, dim, qToken, qHead),
      reach(kTokens, kvHeads, dim, kToken, kHead),
      reach(kTokens, kvHeads, dim, kToken, kHead),
      reach(qTokens, heads, dim, oToken, oHead),
      heads * qTokens * 4,
      (sequences + 1) * 4,
      (sequences + 1) * 4,
    ],
    flops: ([sequences, heads, , dim, , , , , , , , , causal], words) =>
      4 * heads * dim * pairs(lengths(words(5, sequences + 1)), lengths(words(6, sequences + 1)), causal),
    run: (k, args, scratch) => {
      const [q, key, v, o, lse, qStarts, kStarts, sequences, heads, ...rest] = args;
      const [from, to] = args.length > ALL ? args.slice(ALL) : [0, sequences * heads];
      const shape = [heads, ...rest.slice(0, ALL - 9)];
      return k.attention(q, key, v, o, lse, qStarts, kStarts, ...shape, from, to, scratch(k.attentionScratchBytes()));
    },
    parts: ([, , , , , , , sequences, heads, , dim, qTokens, kTokens], team) =>
      sharedParts(2 * heads * dim * qTokens * kTokens, sequences * heads, team),
    part: (args, i, parts) => {
      const [sequences, heads] = args.slice(7);
      const { from, to } = run(sequences * heads, i, parts);
      return [...args.slice(0, ALL), from, to];
    },
    explain: badSequence,
  },
  /**
   * q, k, v, o, lse, dout, dq, dk, dv (both added to), qStarts, kStarts |
   * sequences, heads, kvHeads, dim, qTokens, kTokens, qToken, qHead, kToken, kHead, oToken, oHead, causal, scale
   */
  attentionBackward: {
    scalars: packedScalars,
    buffers: ["in", "in", "in", "in", "in", "in", "out", "inout", "inout", "in", "in"],
    bounds: ([sequences, heads, kvHeads, dim, qTokens, kTokens, qToken, qHead, kToken, kHead, oToken, oHead]) => {
      const q = reach(qTokens, heads, dim, qToken, qHead);
      const k = reach(kTokens, kvHeads, dim, kToken, kHead);
      const o = reach(qTokens, heads, dim, oToken, oHead);
      return [q, k, k, o, heads * qTokens * 4, o, q, k, k, (sequences + 1) * 4, (sequences + 1) * 4];
    },
    flops: ([sequences, heads, , dim, , , , , , , , , causal], words) =>
      10 * heads * dim * pairs(lengths(words(9, sequences + 1)), lengths(words(10, sequences + 1)), causal),
    run: (k, args, scratch) => {
      const [sequences, heads, kvHeads, ...rest] = args.slice(11);
      const [from, to] = args.length > ALL_BACKWARD ? args.slice(ALL_BACKWARD) : [0, sequences * kvHeads];
      const shape = [heads, kvHeads, ...rest.slice(0, packedScalars.length - 3)];
      return k.attentionBackward(...args.slice(0, 11), ...shape, from, to, scratch(k.attentionScratchBytes()));
    },
    parts: (args, team) => {
      const [sequences, heads, kvHeads, dim, qTokens, kTokens] = args.slice(11);
      return sharedParts(10 * heads * dim * qTokens * kTokens, sequences * kvHeads, team);
    },
    part: (args, i, parts) => {
      const [sequences, , kvHeads] = args.slice(11);
      const { from, to } = run(sequences * kvHeads, i, parts);
      return [...args.slice(0, ALL_BACKWARD), from, to];
    },
    explain: badSequence,
  },
} satisfies Record<string, Kernel>;
