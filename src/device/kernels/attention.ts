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

/** Scalars are listed in each comment, in order. */
export const attentionKernels = {
  /**
   * q, k, v, o, lse [heads, qTokens], qStarts, kStarts (i32) [sequences + 1] |
   * sequences, heads, kvHeads, dim, qTokens, kTokens, qToken, qHead, kToken, kHead, oToken, oHead, causal, scale
   */
  attention: {
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
    run: (k, a, scratch) => {
      const [from, to] = a.length > 21 ? a.slice(21) : [0, a[7] * a[8]];
      return k.attention(...a.slice(0, 7), ...a.slice(8, 21), from, to, scratch(k.attentionScratchBytes()));
    },
    parts: (a, team) => sharedParts(2 * a[8] * a[10] * a[11] * a[12], a[7] * a[8], team),
    part: (a, i, parts) => {
      const { from, to } = run(a[7] * a[8], i, parts);
      return [...a.slice(0, 21), from, to];
    },
    explain: badSequence,
  },
  /**
   * q, k, v [pages, page, kvHeads, dim], o, lse, qStarts (i32) [sequences + 1], lengths (i32) [sequences], tables (i32)
   * [sequences, width] | sequences, heads, kvHeads, dim, qTokens, pages, page, width, qToken, qHead, kToken, kHead,
   * oToken, oHead, causal, scale
   */
  attentionPaged: {
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
    run: (k, a, scratch) =>
      k.attentionPaged(...a.slice(0, 8), ...a.slice(9, 24), 0, a[8] * a[9], scratch(k.attentionScratchBytes())),
    explain: badPages,
  },
  /**
   * q, k, v, o, lse, dout, dq, dk, dv (both added to), qStarts, kStarts |
   * sequences, heads, kvHeads, dim, qTokens, kTokens, qToken, qHead, kToken, kHead, oToken, oHead, causal, scale
   */
  attentionBackward: {
    buffers: ["in", "in", "in", "in", "in", "in", "out", "inout", "inout", "in", "in"],
    bounds: ([sequences, heads, kvHeads, dim, qTokens, kTokens, qToken, qHead, kToken, kHead, oToken, oHead]) => {
      const q = reach(qTokens, heads, dim, qToken, qHead);
      const k = reach(kTokens, kvHeads, dim, kToken, kHead);
      const o = reach(qTokens, heads, dim, oToken, oHead);
      return [q, k, k, o, heads * qTokens * 4, o, q, k, k, (sequences + 1) * 4, (sequences + 1) * 4];
    },
    flops: ([sequences, heads, , dim, qTokens, kTokens, , , , , , , causal]) =>
      ((10 * heads * dim * qTokens * kTokens) / sequences) * (causal ? 0.5 : 1),
    run: (k, a, scratch) =>
      k.attentionBackward(...a.slice(0, 11), ...a.slice(12, 25), 0, a[11] * a[13], scratch(k.attentionScratchBytes())),
    explain: badSequence,
  },
} satisfies Record<string, Kernel>;
