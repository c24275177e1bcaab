// What a model keeps for each token: shapes of published models, each with where it is from, and shapes read from a config.json.
import { readConfig } from "worldsize/models";

/** What attention keeps of a token. */
export interface KvShape {
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Numbers that a layer keeps in place of keys and values (multi-head latent attention); none elsewhere. */
  readonly latent?: number;
  readonly maxPositions: number;
}

/** A model's shape and its source. */
export interface NamedShape extends KvShape {
  readonly source: string;
}

/** Published models by name: attention of many heads, of groups, of one head of keys, and latent. */
export const namedShapes = {
  "gpt-3": {
    ...{ layers: 96, heads: 96, kvHeads: 96, headDim: 128, maxPositions: 2048 },
    source: "Brown et al., Language Models are Few-Shot Learners, 2020, Table 2.1",
  },
  "opt-13b": {
    ...{ layers: 40, heads: 40, kvHeads: 40, headDim: 128, maxPositions: 2048 },
    source: "Zhang et al., OPT, 2022, Table 1",
  },
  "falcon-7b": {
    ...{ layers: 32, heads: 71, kvHeads: 1, headDim: 64, maxPositions: 2048 },
    source: "tiiuae/falcon-7b, config.json (multi_query: true)",
  },
  "llama-2-7b": {
    ...{ layers: 32, heads: 32, kvHeads: 32, headDim: 128, maxPositions: 4096 },
    source: "Touvron et al., Llama 2, 2023, and its config.json",
  },
  "llama-2-70b": {
    ...{ layers: 80, heads: 64, kvHeads: 8, headDim: 128, maxPositions: 4096 },
    source: "Touvron et al., Llama 2, 2023, and its config.json",
  },
  "llama-3.1-8b": {
    ...{ layers: 32, heads: 32, kvHeads: 8, headDim: 128, maxPositions: 131072 },
    source: "Grattafiori et al., The Llama 3 Herd of Models, 2024, Table 3",
  },
  "llama-3.1-70b": {
    ...{ layers: 80, heads: 64, kvHeads: 8, headDim: 128, maxPositions: 131072 },
    source: "Grattafiori et al., The Llama 3 Herd of Models, 2024, Table 3",
  },
  "llama-3.1-405b": {
    ...{ layers: 126, heads: 128, kvHeads: 8, headDim: 128, maxPositions: 131072 },
    source: "Grattafiori et al., The Llama 3 Herd of Models, 2024, Table 3",
  },
  "deepseek-v3": {
    // kv_lora_rank 512 and qk_rope_head_dim 64.
    ...{ layers: 61, heads: 128, kvHeads: 128, headDim: 128, latent: 512 + 64, maxPositions: 163840 },
    source: "DeepSeek-AI, DeepSeek-V3 Technical Report, 2024, and its config.json",
  },
} as const satisfies Readonly<Record<string, NamedShape>>;

/** Names of published models. */
export const shapeNames = Object.keys(namedShapes) as (keyof typeof namedShapes)[];

/** A shape by a model's name, or from a config.json of the Hugging Face library. @throws RangeError for what is neither. */
export function shapeNamed(name: string): NamedShape {
  const known = shapeNames.find((each) => each === name);
  if (known) return namedShapes[known];
  const files = globalThis.process?.getBuiltinModule?.("node:fs"); // a page has none
  if (!files?.existsSync(name)) {
    throw new RangeError(
      `there is no file ${name}, and no model of that name: give a config.json, or ${shapeNames.join(", ")}`,
    );
  }
  const { layers, heads, kvHeads, headDim, maxPositions } = readConfig(files.readFileSync(name, "utf8"), name);
  return { layers, heads, kvHeads, headDim, maxPositions, source: name };
}
