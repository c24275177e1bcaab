/** Attention without the matrix of scores (Dao et al., 2022), over packed sequences; pages.ts has it over a block table. All f32. */

import { rawOf } from "../raw.ts";
import type { Tensor } from "../tensor.ts";
import { shaped, tensors } from "./check.ts";

/** Arguments of attention. f32 but the boundaries. */
export interface Attention {
  /** [qTokens, heads, dim]: the queries of all sequences one after the other. */
  readonly q: Tensor;
  /** [kTokens, kvHeads, dim]; heads is a multiple of kvHeads. */
  readonly k: Tensor;
  readonly v: Tensor;
  /** i32 [sequences + 1]: where each sequence's queries begin, and the end of the last. */
  readonly qStarts: Tensor;
  /** i32 [sequences + 1]: the same of its keys. */
  readonly kStarts: Tensor;
  /** Whether a query sees keys up to its own place only, counted from the end of its sequence. */
  readonly causal?: boolean;
  /** 1 / sqrt(dim) if not given. */
  readonly scale?: number;
}

/**
 * softmax(q kᵀ · scale) v, for each sequence and head.
 * @returns o like q, and lse [heads, qTokens], the logarithms of the sums, which the backward pass needs.
 * @throws KernelError, at the next wait, for boundaries outside the tokens.
 */
export function attention(args: Attention): { o: Tensor; lse: Tensor } {
  const { q, k, v, qStarts, kStarts } = args;
  const { sequences, heads, scalars } = formOf("attention", args);
  return q.device.fused("attention", args, () => {
    const [o, lse] = [q.device.empty(q.shape), q.device.empty([heads, q.shape[0]])];
    const refs = [q, k, v, o, lse, qStarts, kStarts].map((tensor) => tensor.ref());
    rawOf(q.device).launch("attention", refs, [sequences, ...scalars]);
    return { o, lse };
  });
}

/** Arguments of attention's gradients. */
export interface AttentionBackward extends Attention {
  /** As the forward pass gave them. */
  readonly o: Tensor;
  readonly lse: Tensor;
  /** Like q. */
  readonly dout: Tensor;
}

/** The gradients of q, k and v. */
export function attentionBackward(args: AttentionBackward): { dq: Tensor; dk: Tensor; dv: Tensor } {
  const { q, k, v, o, lse, dout, qStarts, kStarts } = args;
  const { sequences, heads, scalars } = formOf("attentionBackward", args);
  tensors("attentionBackward", { o, lse, dout });
  shaped("attentionBackward", "o", o, q.shape, "as q");
  shaped("attentionBackward", "dout", dout, q.shape, "as q");
  shaped("attentionBackward", "lse", lse, [heads, q.shape[0]], "one for each head and query");
  return q.device.fused("attentionBackward", args, () => {
    const dq = q.device.empty(q.shape);
    const [dk, dv] = [0, 0].map((zero) => k.device.apply("fill", k.device.empty(k.shape), zero)); // the kernel adds
    const refs = [q, k, v, o, lse, dout, dq, dk, dv, qStarts, kStarts].map((tensor) => tensor.ref());
    rawOf(q.device).launch("attentionBackward", refs, [sequences, ...scalars]);
    return { dq, dk, dv };
  });
}

/** Shape of the queries. @throws RangeError for another number of axes. */
export function headsOf(call: string, q: Tensor): readonly [number, number, number] {
  if (q.shape.length !== 3) throw new RangeError(`${call} takes q of shape [tokens, heads, dim], but got ${q}.`);
  return q.shape as unknown as [number, number, number];
}

/** Checks a call, and gives what both passes launch with. */
function formOf(call: string, args: Attention): { sequences: number; heads: number; scalars: number[] } {
  const { q, k, v, qStarts, kStarts, causal = true, scale } = args;
  tensors(call, { q, k, v });
  tensors(call, { qStarts, kStarts }, "i32");
  const [qTokens, heads, dim] = headsOf(call, q);
  const [kTokens, kvHeads] = k.shape;
  shaped(call, "k", k, [kTokens, kvHeads, dim], "with heads as long as those of q");
  shaped(call, "v", v, k.shape, "as k");
  if (!(kvHeads > 0 && heads % kvHeads === 0)) {
    throw new RangeError(
      `${call} takes heads of q that are a multiple of those of k, but got ${heads} and ${kvHeads}.`,
    );
  }
  const sequences = qStarts.size - 1;
  shaped(call, "kStarts", kStarts, [sequences + 1], "as qStarts");
  const strides = [heads * dim, dim, kvHeads * dim, dim, heads * dim, dim];
  const rest = [Number(causal), scale ?? 1 / Math.sqrt(dim)];
  return { sequences, heads, scalars: [heads, kvHeads, dim, qTokens, kTokens, ...strides, ...rest] };
}
