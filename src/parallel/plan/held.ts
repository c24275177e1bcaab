/**
 * What this library itself holds of states on one rank, to the byte: f32 all through, buffers at multiples of 64 bytes, shares
 * rounded up, with the flags that travel with gradients and what FSDP has gathered at its peak. `states.ts` has the plain
 * formulas; this has what a device's allocator counts.
 */
import { layersOfStages } from "../pipeline/index.ts";
import { shareOf } from "../tensor/shares.ts";
import type { PlannedLayout } from "./layout.ts";
import { elementsOf, type PlannedModel, parametersOf } from "./model.ts";
import type { StateBytes } from "./states.ts";

/** Where a rank stands: along pp, in the order of those that share out states (dp and cp), and along tp. */
export interface HeldPlace {
  readonly pp: number;
  readonly shard: number;
  readonly tp: number;
}

const rounded = (bytes: number): number => Math.ceil(bytes / 64) * 64;
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/**
 * Peaks over a step of one micro-batch of a dense model, under 1f1b where there are stages. Gradients of DDP are exact but for what a
 * bucket's buffer is rounded to, 64 bytes for each; those of ZeRO under stages are not told here, since they are shared out behind
 * all backward passes, whole and shared at once for a while.
 */
export function heldBytes(model: PlannedModel, layout: PlannedLayout, place: HeldPlace): StateBytes {
  const { rest, blocks, late } = unitsOf(model, layout, place);
  const units = [rest, ...blocks];
  const all = units.flat();
  const whole = sum(all.map((shape) => rounded(4 * elementsOf(shape))));
  const shards = layout.dp * layout.cp;
  const share = (shape: readonly number[]): number =>
    shareOf(shape[0], shards, place.shard).length * elementsOf(shape.slice(1));
  const optimizer =
    2 * sum(all.map((shape) => rounded(4 * (layout.data === "ddp" ? elementsOf(shape) : share(shape)))));
  if (layout.data === "ddp") return { parameters: whole, gradients: whole + rounded(4 * all.length), optimizer };
  const bytes = (shapes: readonly (readonly number[])[]): number =>
    sum(shapes.map((shape) => rounded(4 * elementsOf(shape))));
  const segment = (shapes: readonly (readonly number[])[]): number =>
    sum(shapes.map((shape) => Math.ceil(shape[0] / shards) * elementsOf(shape.slice(1))));
  const own = sum(units.map((unit) => rounded(4 * segment(unit))));
  const withFlags = (shapes: readonly (readonly number[])[]): number => rounded(4 * (segment(shapes) + shapes.length));
  const block = Math.max(0, ...blocks.map(bytes));
  const reduced = sum(blocks.map(withFlags));
  // Blocks are reduced from the last to the first; then the rest is, which is whole until then, as far as it is there.
  const first =
    layout.data === "zero1"
      ? whole
      : reduced - Math.max(0, ...blocks.map(withFlags)) + block + bytes(rest) - bytes(late);
  return {
    parameters: layout.data === "fsdp" ? own + bytes(rest) + block : whole,
    gradients: Math.max(first, reduced + Math.max(bytes(rest), withFlags(rest))),
    optimizer,
  };
}

/** Shapes that a rank has of what stands beside its blocks, and of each block, before ZeRO shares them out. */
function unitsOf(model: PlannedModel, { pp, tp }: PlannedLayout, place: HeldPlace) {
  const { first, block, last } = parametersOf(model);
  const own = ({ shape, cut }: { shape: readonly number[]; cut?: number }): number[] =>
    shape.map((length, i) => (i === cut ? shareOf(length, tp, place.tp).length : length));
  const [from, to] = layersOfStages(model.layers, pp)[place.pp];
  const begins = place.pp === 0;
  const ends = place.pp === pp - 1;
  const rest = [
    ...(begins ? first : []),
    ...(ends ? last : []),
    ...(model.tied && ends && !begins ? first.slice(0, 1) : []),
  ];
  const one = block.map(own);
  // Gradients of lookups come last; a tied embedding has one from the head before.
  const late = begins ? (model.tied && ends ? first.slice(1) : first) : [];
  return { rest: rest.map(own), late: late.map(own), blocks: Array.from({ length: to - from }, () => one) };
}
