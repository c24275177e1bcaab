// Forms of published models, and forms read from a config.json.
import { gpt2Shape, llamaShape, readConfig } from "worldsize/models";
import { modelOf, type PlannedModel } from "worldsize/parallel";

const llama = { family: "llama", tied: false } as const;

/** Published models by name, each with where its numbers are from. */
export const publishedModels = {
  "gpt-3": {
    source: "Brown et al., Language Models are Few-Shot Learners, 2020, Table 2.1",
    form: gpt2Shape({
      ...{ vocabularySize: 50257, width: 12288, layers: 96, heads: 96, ffnWidth: 49152, maxPositions: 2048 },
    }),
  },
  "llama-2-70b": {
    source: "Touvron et al., Llama 2, 2023, and its config.json",
    form: llamaShape({
      ...{ ...llama, vocabularySize: 32000, width: 8192, layers: 80, heads: 64, kvHeads: 8, ffnWidth: 28672 },
    }),
  },
  "llama-3-8b": {
    source: "Grattafiori et al., The Llama 3 Herd of Models, 2024, Table 3",
    form: llamaShape({
      ...{ ...llama, vocabularySize: 128256, width: 4096, layers: 32, heads: 32, kvHeads: 8, ffnWidth: 14336 },
    }),
  },
  "llama-3-70b": {
    source: "Grattafiori et al., The Llama 3 Herd of Models, 2024, Table 3",
    form: llamaShape({
      ...{ ...llama, vocabularySize: 128256, width: 8192, layers: 80, heads: 64, kvHeads: 8, ffnWidth: 28672 },
    }),
  },
  "llama-3-405b": {
    source: "Grattafiori et al., The Llama 3 Herd of Models, 2024, Table 3",
    form: llamaShape({
      ...{ ...llama, vocabularySize: 128256, width: 16384, layers: 126, heads: 128, kvHeads: 8, ffnWidth: 53248 },
    }),
  },
  "mixtral-8x7b": {
    source: "Jiang et al., Mixtral of Experts, 2024, Table 1",
    form: llamaShape({
      ...{ ...llama, vocabularySize: 32000, width: 4096, layers: 32, heads: 32, kvHeads: 8, ffnWidth: 14336 },
      ...{ family: "mixtral", experts: 8, expertsPerToken: 2, normalizeTopK: true },
    }),
  },
} as const;

/** Names of published models. */
export const modelNames = Object.keys(publishedModels) as (keyof typeof publishedModels)[];

/** A model by name, or from a config.json of the Hugging Face library. @throws RangeError for what is neither. */
export function modelNamed(name: string): { readonly model: PlannedModel; readonly source: string } {
  const known = modelNames.find((each) => each === name);
  if (known) return { model: modelOf(publishedModels[known].form), source: publishedModels[known].source };
  const files = globalThis.process?.getBuiltinModule?.("node:fs"); // a page has none
  if (!files?.existsSync(name)) {
    throw new RangeError(
      `there is no file ${name}, and no model of that name: give a config.json, or ${modelNames.join(", ")}`,
    );
  }
  return { model: modelOf(readConfig(files.readFileSync(name, "utf8"), name)), source: name };
}
