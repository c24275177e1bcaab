/** Forms of the families from the few numbers in which small models differ. */
import type { DecoderConfig } from "./decoder-config.ts";

/** What has to be said of a shape; the rest can be. */
export type ShapeOptions = Pick<DecoderConfig, "vocabularySize" | "width" | "layers" | "heads" | "ffnWidth"> &
  Partial<DecoderConfig>;

/** @throws RangeError for a width that the heads do not share evenly, or heads of an odd length where positions are rotary. */
function headDimOf({ width, heads, headDim = width / heads }: ShapeOptions, isRotary: boolean): number {
  if (!Number.isInteger(headDim)) throw new RangeError(`${heads} heads cannot share a width of ${width} evenly.`);
  if (isRotary && headDim % 2 !== 0) {
    throw new RangeError(`Rotary positions turn pairs of elements, and a head of ${headDim} has one left over.`);
  }
  return headDim;
}

/** What both have in common, and what is left out of both. */
function common({ heads }: ShapeOptions) {
  return {
    kvHeads: heads,
    normEps: 1e-5,
    ropeTheta: 10_000,
    maxPositions: 1024,
    tied: true,
    qkNorm: false,
    experts: 0,
    expertsPerToken: 0,
    normalizeTopK: false,
    initializerRange: 0.02,
  };
}

/** Llama's: RMS norms, rotary positions, gated MLPs, no biases; the embedding is the head, unless said otherwise. */
export function llamaShape(options: ShapeOptions): DecoderConfig {
  return {
    ...common(options),
    family: "llama",
    activation: "silu",
    norm: "rms",
    positions: "rope",
    attentionBias: false,
    outputBias: false,
    mlpBias: false,
    ...options,
    headDim: headDimOf(options, true),
  };
}

/** GPT-2's: layer norms, learned positions, plain MLPs with GELU, biases everywhere, a tied head. */
export function gpt2Shape(options: ShapeOptions): DecoderConfig {
  return {
    ...common(options),
    family: "gpt2",
    activation: "gelu_tanh",
    norm: "layer",
    positions: "learned",
    attentionBias: true,
    outputBias: true,
    mlpBias: true,
    ...options,
    headDim: headDimOf(options, false),
  };
}
