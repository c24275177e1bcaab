/** How a model is trained: what a plan has to know besides the model, the layout and the machine. */

/** Bytes per parameter. */
export interface Precision {
  readonly parameters: number;
  readonly gradients: number;
  readonly optimizer: number;
  /** Of an element of activations, and of what travels. */
  readonly activations: number;
}

/** Schemes by name. */
export const precisions = {
  /** 16-bit weights and gradients; a copy of the weights and Adam's two moments in f32 (Rajbhandari et al., "ZeRO", 2020). */
  mixed: { parameters: 2, gradients: 2, optimizer: 12, activations: 2 },
  /** The same with gradients added up in f32, as Megatron Core has them. */
  "mixed-f32-gradients": { parameters: 2, gradients: 4, optimizer: 12, activations: 2 },
  /** Everything in f32, as this library trains. */
  f32: { parameters: 4, gradients: 4, optimizer: 8, activations: 4 },
} as const satisfies Record<string, Precision>;

/** One of `precisions`. */
export type PrecisionName = keyof typeof precisions;

/** What backward computes again: nothing, what attention has of every pair of tokens, or whole blocks. */
export type Recompute = "none" | "selective" | "full";

/** A training run. */
export interface PlannedRun {
  /** Tokens of a sample. */
  readonly sequence: number;
  /** Samples of a step, on all ranks together. */
  readonly batch: number;
  /** Samples of a micro-batch, of one rank along copies × dp. */
  readonly micro: number;
  readonly precision: Precision;
  readonly recompute: Recompute;
  /** Whether attention keeps what it has of every pair of tokens, or computes it in tiles (FlashAttention). */
  readonly attention: "scores" | "flash";
  readonly dropout: boolean;
  /** Whether gradients travel while backward goes on, and FSDP's parameters while blocks are computed. */
  readonly overlap: boolean;
  /** What FSDP gathers at once: a block, or each parameter alone, as DeepSpeed's ZeRO-3 did in 2021. */
  readonly gathers: "block" | "parameter";
  /** Stages of each rank in an interleaved schedule. */
  readonly chunks: number;
}

/** A run of today: mixed precision, FlashAttention, overlap. */
export function runOf(numbers: Pick<PlannedRun, "sequence" | "batch"> & Partial<PlannedRun>): PlannedRun {
  return {
    ...{ micro: 1, precision: precisions.mixed, recompute: "none", attention: "flash", dropout: false },
    ...{ overlap: true, gathers: "block", chunks: 2 },
    ...numbers,
  };
}

/** Micro-batches of a step. */
export function microBatchesOf({ batch, micro }: PlannedRun, { copies, dp }: { copies: number; dp: number }): number {
  return batch / (copies * dp * micro);
}
