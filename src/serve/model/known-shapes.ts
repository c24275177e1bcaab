/** Shapes of public models, by their config.json, and which of them a process has room for. */
import { type DecoderConfig, type KvDType, llamaShape, type ShapeOptions } from "../../models/index.ts";
import { memoryNeed, processesThatFit, type WeightDType, weightDTypes } from "./memory.ts";

function shape(
  family: "llama" | "qwen2" | "qwen3",
  vocabularySize: number,
  [width, layers, heads, kvHeads, ffnWidth]: readonly [number, number, number, number, number],
  more: Partial<ShapeOptions> = {},
): DecoderConfig {
  const headDim = family === "qwen3" ? 128 : width / heads;
  const kind = { family, attentionBias: family === "qwen2", qkNorm: family === "qwen3", maxPositions: 32_768 };
  return llamaShape({ ...kind, vocabularySize, width, layers, heads, kvHeads, ffnWidth, headDim, ...more });
}

/** By the names that their makers give them. */
export const knownShapes: Readonly<Record<string, DecoderConfig>> = {
  "SmolLM2 135M": shape("llama", 49_152, [576, 30, 9, 3, 1536], { maxPositions: 8192 }),
  "SmolLM2 360M": shape("llama", 49_152, [960, 32, 15, 5, 2560], { maxPositions: 8192 }),
  "SmolLM2 1.7B": shape("llama", 49_152, [2048, 24, 32, 32, 8192], { maxPositions: 8192 }),
  "Llama 3.2 1B": shape("llama", 128_256, [2048, 16, 32, 8, 8192], { maxPositions: 131_072 }),
  "Llama 3.2 3B": shape("llama", 128_256, [3072, 28, 24, 8, 8192], { maxPositions: 131_072 }),
  "Llama 3.1 8B": shape("llama", 128_256, [4096, 32, 32, 8, 14_336], { maxPositions: 131_072, tied: false }),
  "Qwen2.5 0.5B": shape("qwen2", 151_936, [896, 24, 14, 2, 4864]),
  "Qwen2.5 1.5B": shape("qwen2", 151_936, [1536, 28, 12, 2, 8960]),
  "Qwen2.5 3B": shape("qwen2", 151_936, [2048, 36, 16, 2, 11_008]),
  "Qwen2.5 7B": shape("qwen2", 152_064, [3584, 28, 28, 4, 18_944], { tied: false }),
  "Qwen3 0.6B": shape("qwen3", 151_936, [1024, 28, 16, 8, 3072], { maxPositions: 40_960 }),
  "Qwen3 1.7B": shape("qwen3", 151_936, [2048, 28, 16, 8, 6144], { maxPositions: 40_960 }),
  "Qwen3 4B": shape("qwen3", 151_936, [2560, 36, 32, 8, 9728], { maxPositions: 40_960 }),
  "Qwen3 8B": shape("qwen3", 151_936, [4096, 36, 32, 8, 12_288], { maxPositions: 40_960, tied: false }),
};

/** What one model takes with weights in one dtype. */
export interface FittingCell {
  /** Bytes in all. */
  readonly total: number;
  readonly fits: boolean;
  /** The fewest processes over which a split by heads fits; undefined if none does. */
  readonly processes: number | undefined;
}

/** A model, and each dtype of its weights. */
export interface FittingRow extends Readonly<Record<WeightDType, FittingCell>> {
  readonly model: string;
}

/** Which sizes fit in a process. @param kvTokens that there are keys and values for. */
export function fittingTable(kvTokens = 8192, kv: KvDType = "bf16"): FittingRow[] {
  return Object.entries(knownShapes).map(([model, config]) => {
    const cells = weightDTypes.map((weights): [WeightDType, FittingCell] => {
      const options = { weights, kv, kvTokens };
      const { total, fits } = memoryNeed(config, options);
      return [weights, { total, fits, processes: processesThatFit(config, options) }];
    });
    return { model, ...(Object.fromEntries(cells) as Record<WeightDType, FittingCell>) };
  });
}
