/**
 * What backward needs of a forward pass, in bytes, counted tensor by tensor as in Korthikanti et al., "Reducing Activation
 * Recomputation in Large Transformer Models", 2022 (equations 1, 2 and 4, Table 2, section 4.3), and for gates, shared heads
 * and experts in the same way. With e bytes per element and a GPT's block it is sbh (34 + 5 as/h), of which 10 sbh stay
 * whole under tensor parallelism alone, and are cut along tokens by sequence parallelism.
 */

import { expertRanks, type PlannedLayout } from "./layout.ts";
import type { PlannedModel } from "./model.ts";
import type { PlannedRun, Recompute } from "./run.ts";
import { endsOf } from "./states.ts";

/** Tokens of a micro-batch that one rank works on, before tensor parallelism shares anything out. */
export function tokensOf({ sequence, micro }: PlannedRun, { cp }: PlannedLayout): number {
  return (sequence / cp) * micro;
}

/** Bytes that one block keeps of one micro-batch. @param recompute what is asked, if not the run's own. */
export function blockActivations(
  model: PlannedModel,
  run: PlannedRun,
  layout: PlannedLayout,
  recompute: Recompute = run.recompute,
): number {
  const { width, heads, kvHeads, headDim, ffnWidth, gated, experts, expertsPerToken } = model;
  const e = run.precision.activations;
  const n = tokensOf(run, layout);
  const { tp } = layout;
  const whole = layout.sequence ? tp : 1;
  if (recompute === "full") return (n * width * e) / whole;
  const mask = run.dropout ? width : 0;
  // Two norms' inputs, what enters attention and MLP, and the masks of two dropouts.
  const beside = n * (4 * width * e + 2 * mask);
  // Queries, keys, values, and what enters the projection.
  const attention = n * e * (2 * heads + 2 * kvHeads) * headDim;
  const copies = experts > 0 ? expertsPerToken : 1;
  // With a gate: gate and value, which are needed for each other's gradients, and their product.
  const hidden = n * e * copies * (gated ? 3 : 2) * ffnWidth;
  // An expert's input is a copy of the token, and so is its output until they are weighed.
  const dispatched = experts > 0 ? n * e * 2 * copies * width + n * 4 * experts : 0;
  const moeCut = experts > 0 && expertRanks(layout).ep === 1 ? whole : tp;
  return (
    beside / whole + (attention + hidden) / tp + dispatched / moeCut + scoresOf(model, run, layout, recompute) / tp
  );
}

/** What attention keeps of pairs of tokens, on all ranks along tp together. */
function scoresOf({ heads }: PlannedModel, run: PlannedRun, layout: PlannedLayout, recompute: Recompute): number {
  const n = tokensOf(run, layout);
  // A tile's sums are made again from one f32 number for each row.
  if (run.attention === "flash" || recompute !== "none") return run.attention === "flash" ? 4 * heads * n : 0;
  const e = run.precision.activations;
  // The softmax; and with dropout its mask, and what it leaves.
  return heads * n * run.sequence * (run.dropout ? 2 * e + 1 : e);
}

/** Bytes that what stands beside the blocks keeps of a micro-batch, on a rank. */
export function edgeActivations(model: PlannedModel, run: PlannedRun, layout: PlannedLayout, rank: number): number {
  const n = tokensOf(run, layout);
  const whole = layout.sequence ? layout.tp : 1;
  const { begins, ends } = endsOf(layout, rank);
  const e = run.precision.activations;
  const first = begins && run.dropout ? (n * model.width) / whole : 0;
  // The last norm's input, the head's, and logits in f32.
  const last = ends ? (2 * n * model.width * e) / whole + (4 * n * model.vocabulary) / layout.tp : 0;
  return first + last;
}
