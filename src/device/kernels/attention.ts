/**
 * Attention without the matrix of scores, forward, backward and over a block table. Tokens
 * of all sequences lie behind each other; strides count elements. All f32.
 */
import { type Kernel, run, sharedParts } from "./spec.ts";

/** Bytes from the first element to just past the last one of [tokens, heads, dim] with these strides. */
function reach(tokens: number, heads: number, dim: number, token: number, head: number): number {
  return tokens && heads ? ((tokens - 1) * token + (heads - 1) * head + dim) * 4 : 0;
}

function badSequence(status: number): string {
  return `sequence ${status - 1} lies outside of the tokens: its boundaries must grow and stay among them`;
}

function badPages(status: number): string {
  return `sequence ${status - 1} has boundaries, a length or a page that do not exist`;
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
    flops: ([sequences, heads, , dim, qTokens, kTokens, , , , , , , causal]) =>
      ((4 * heads * dim * qTokens * kTokens) / sequences) * (causal ? 0.5 : 1),
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
   * q, k, v [pages, page, kvHeads, dim], o, lse, qStarts (i32) [sequences + 1], lengths (i32) [sequences], tables (i32)
   * [sequences, width] | sequences, heads, kvHeads, dim, qTokens, pages, page, width, qToken, qHead, kToken, kHead,
   * oToken, oHead, causal, scale
   */
  attentionPaged: {
    scalars: [
      "sequences",
      "heads",
      "kvHeads",
      "dim",
      "qTokens",
      "pages",
      "page",
      "width",
      "qToken",
      "qHead",
      "kToken",
      "kHead",
      "oToken",
      "oHead",
      "causal",
      "scale",
    ],
    buffers: ["in", "in", "in", "out", "out", "in", "in", "in"],
    bounds: ([
      sequences,
      heads,
      kvHeads,
      dim,
      qTokens,
      pages,
      page,
      width,
      qToken,
      qHead,
      kToken,
      kHead,
      oToken,
      oHead,
    ]) => [
      reach(qTokens, heads, dim, qToken, qHead),
      reach(pages * page, kvHeads, dim, kToken, kHead),
      reach(pages * page, kvHeads, dim, kToken, kHead),
      reach(qTokens, heads, dim, oToken, oHead),
      heads * qTokens * 4,
      (sequences + 1) * 4,
      sequences * 4,
      sequences * width * 4,
    ],
    flops: () => 0, // the lengths are on the device
    run: (k, args, scratch) => {
      const [sequences, heads, ...rest] = args.slice(8);
      const end = sequences * heads;
      return k.attentionPaged(...args.slice(0, 8), heads, ...rest, 0, end, scratch(k.attentionScratchBytes()));
    },
    explain: badPages,
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
    flops: ([sequences, heads, , dim, qTokens, kTokens, , , , , , , causal]) =>
      ((10 * heads * dim * qTokens * kTokens) / sequences) * (causal ? 0.5 : 1),
    run: (k, args, scratch) => {
      const [sequences, heads, kvHeads, ...rest] = args.slice(11);
      const end = sequences * kvHeads;
      const shape = [heads, kvHeads, ...rest];
      return k.attentionBackward(...args.slice(0, 11), ...shape, 0, end, scratch(k.attentionScratchBytes()));
    },
    explain: badSequence,
  },
} satisfies Record<string, Kernel>;
