/**
 * What a device takes for a block of one micro-batch, kernel by kernel. A product takes its operations at the speed that is
 * reached, in whole waves of tiles over the device's units (NVIDIA, "Matrix Multiplication Background User's Guide", 2020), and its
 * bytes besides: a roofline (Williams et al., 2009) whose two sides add up, since the ends of a kernel do not overlap. Everything
 * else takes its bytes, read and written once by each kernel.
 */
import { tokensOf } from "./activations.ts";
import type { PlannedDevice } from "./cluster.ts";
import { expertRanks, type PlannedLayout } from "./layout.ts";
import type { PlannedModel } from "./model.ts";
import type { Reached } from "./reached.ts";
import type { PlannedRun } from "./run.ts";

/** Seconds of a part of the model for one micro-batch, on a rank. */
export interface Work {
  readonly forward: number;
  /** Gradients of inputs, and of weights. */
  readonly inputs: number;
  readonly weights: number;
}

const tile = { rows: 128, columns: 256 };

/** Seconds of a product [m, k] × [k, n]. @param count of them, in one kernel. */
export function productSeconds(
  [m, k, n]: readonly [number, number, number],
  device: PlannedDevice,
  { bandwidth, launch }: Reached,
  elementBytes = 2,
  count = 1,
): number {
  const tiles = count * Math.ceil(m / tile.rows) * Math.ceil(n / tile.columns);
  const busy = Math.ceil(tiles / device.units) * device.units * tile.rows * tile.columns * k;
  // Smaller tiles are taken where large ones would leave most units idle.
  const flops = 2 * Math.min(busy, count * m * n * k * 1.5);
  const rate = elementBytes > 2 ? device.flops / 16 : device.flops;
  return (
    flops / (rate * device.reach.products) +
    (elementBytes * count * (m * k + k * n + m * n)) / (device.bandwidth * bandwidth) +
    launch
  );
}

/** Seconds of a block. */
export function blockWork(
  model: PlannedModel,
  run: PlannedRun,
  layout: PlannedLayout,
  device: PlannedDevice,
  rates: Reached,
): Work {
  const { width, heads, kvHeads, headDim, ffnWidth, gated, experts, expertsPerToken } = model;
  const { tp } = layout;
  const e = run.precision.activations;
  const n = tokensOf(run, layout);
  const products: (readonly [number, number, number, number])[] = [
    [n, width, ((heads + 2 * kvHeads) * headDim) / tp, 1],
    [n, (heads * headDim) / tp, width, 1],
  ];
  const { ep, cut } = expertRanks(layout);
  const hidden = experts > 0 ? ffnWidth / cut : ffnWidth / tp;
  // Of the copies of tokens a rank gets as many as it gives, if they are shared out evenly.
  const local = experts > 0 ? experts / ep : 1;
  const rows = experts > 0 ? (n * expertsPerToken) / (ep > 1 ? tp : 1) / local : n;
  products.push([rows, width, (gated ? 2 : 1) * hidden, local], [rows, hidden, width, local]);
  const seconds = (sides: readonly [number, number, number], count: number): number =>
    productSeconds(sides, device, rates, e, count);
  let [forward, inputs, weights] = [0, 0, 0];
  for (const [m, k, out, count] of products) {
    forward += seconds([m, k, out], count);
    inputs += seconds([m, out, k], count);
    weights += seconds([k, m, out], count);
  }
  const attention = attentionWork(model, run, layout, device, rates);
  const passes = passesOf(model, run, layout) / (device.bandwidth * rates.bandwidth) + 10 * rates.launch;
  const all = {
    forward: forward + attention.forward + passes,
    inputs: inputs + attention.backward + 2 * passes,
    weights,
  };
  if (run.recompute === "full") return { ...all, inputs: all.inputs + all.forward };
  const again = run.recompute === "selective" && run.attention === "scores";
  return again ? { ...all, inputs: all.inputs + attention.forward } : all;
}

/** Bytes that kernels besides products and attention's own read and write in forward. */
function passesOf(model: PlannedModel, run: PlannedRun, layout: PlannedLayout): number {
  const { width, heads, kvHeads, headDim, ffnWidth, gated, experts, expertsPerToken } = model;
  const n = tokensOf(run, layout);
  const e = run.precision.activations;
  const whole = layout.sequence ? layout.tp : 1;
  // Two norms read and write; two residuals read two and write one, with a mask where there is dropout.
  const beside = n * width * (4 * e + 6 * e + (run.dropout ? 2 : 0));
  const copies = experts > 0 ? expertsPerToken : 1;
  const gate = n * copies * ffnWidth * e * (gated ? 3 : 2);
  // Heads are laid side by side, and positions turned.
  const lay = 2 * n * e * (heads + 2 * kvHeads) * headDim;
  // Tokens are laid out by expert, and back.
  const sorted = experts > 0 ? 4 * n * copies * width * e : 0;
  return beside / whole + (gate + lay + sorted) / layout.tp;
}

/** Attention over pairs of tokens, without its projections. */
function attentionWork(
  { heads, headDim }: PlannedModel,
  run: PlannedRun,
  layout: PlannedLayout,
  device: PlannedDevice,
  rates: Reached,
): { forward: number; backward: number } {
  const e = run.precision.activations;
  const n = tokensOf(run, layout);
  const own = heads / layout.tp;
  if (run.attention === "flash") {
    // Half of the pairs are masked, and skipped; backward has five products for forward's two.
    const flops = 2 * own * n * run.sequence * headDim;
    const forward = flops / (device.flops * device.reach.flash) + rates.launch;
    return { forward, backward: 2.5 * forward };
  }
  const samples = (n / run.sequence) * own;
  const products = productSeconds([run.sequence, headDim, run.sequence], device, rates, e, samples);
  const pairs = own * n * run.sequence;
  // The product writes; softmax, and dropout with its mask, read and write; the next product reads.
  const bytes = pairs * (2 * e + (run.dropout ? 2 * e + 1 : 0));
  const passes = bytes / (device.bandwidth * rates.bandwidth) + 2 * rates.launch;
  return { forward: 2 * products + passes, backward: 4 * products + 2 * passes };
}

/** Seconds of the head and the loss. */
export function headWork(
  model: PlannedModel,
  run: PlannedRun,
  layout: PlannedLayout,
  device: PlannedDevice,
  rates: Reached,
): Work {
  const n = tokensOf(run, layout);
  const words = model.vocabulary / layout.tp;
  const e = run.precision.activations;
  const product = (sides: readonly [number, number, number]): number => productSeconds(sides, device, rates, e);
  // Logits become f32, are read twice for the loss, and once more for their gradient.
  const passes = (n * words * (e + 3 * 4)) / (device.bandwidth * rates.bandwidth) + 4 * rates.launch;
  return {
    forward: product([n, model.width, words]) + passes,
    inputs: product([n, words, model.width]) + passes,
    weights: product([model.width, n, words]),
  };
}
