/** A Hugging Face folder as a model that is served. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type LanguageModel,
  readTokenizer,
  readTokenizerConfig,
  type Tokenizer,
  type TokenizerConfig,
} from "../../models/index.ts";
import { readModel, readQuantized } from "../../models/node/load.ts";
import type { SamplingOptions, WeightDType } from "../../serve/index.ts";
import type { TensorDevice } from "../../tensor/index.ts";
import { ChatTemplate } from "../chat-template.ts";

/** What a folder holds. */
export interface OpenModel {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate | undefined;
  readonly bos: { readonly id: number; readonly text: string } | undefined;
  readonly eos: ReadonlySet<number>;
  readonly defaults: Partial<SamplingOptions>;
  dispose(): void;
}

/** @throws RangeError and Error as readModel and readTokenizer do, with the file. */
export async function openModel(device: TensorDevice, folder: string, type: WeightDType): Promise<OpenModel> {
  const tokenizerFile = join(folder, "tokenizer.json");
  const tokenizer = readTokenizer(await readNeeded(tokenizerFile, "no string can become tokens"), {
    name: tokenizerFile,
  });
  const configFile = join(folder, "tokenizer_config.json");
  const given = await readIfThere(configFile);
  const { specialTokens } = tokenizer;
  const settings: TokenizerConfig = given ? readTokenizerConfig(given, { name: configFile, specialTokens }) : {};
  const jinja = await readIfThere(join(folder, "chat_template.jinja"));
  const source = settings.chatTemplate ?? jinja?.toString("utf8");
  const { bosToken, eosToken } = settings;
  const names = { bos_token: bosToken ?? "", eos_token: eosToken ?? "" };
  const config = await readObject(join(folder, "config.json"));
  const generation = await readObject(join(folder, "generation_config.json"));
  const eos = new Set([...idsOf(config.eos_token_id), ...idsOf(generation.eos_token_id)]);
  if (eosToken !== undefined) eos.add(tokenizer.specialId(eosToken));
  const begins = settings.addBosToken || beginsTexts(tokenizer);
  const model =
    type === "int8" || type === "int4"
      ? await readQuantized(device, folder, { bits: type === "int8" ? 8 : 4 })
      : await readModel(device, folder, { dtype: type });
  return {
    model,
    tokenizer,
    template: source === undefined ? undefined : new ChatTemplate(source, tokenizer, names),
    bos: begins && bosToken !== undefined ? { id: tokenizer.specialId(bosToken), text: bosToken } : undefined,
    eos,
    defaults: defaultsOf(generation),
    dispose: () => model.dispose(),
  };
}

/** How the model's makers sample, where they say that they do. */
function defaultsOf(generation: Readonly<Record<string, unknown>>): Partial<SamplingOptions> {
  const number = (name: string, least: number, most: number): number | undefined => {
    const value = generation[name];
    return typeof value === "number" && value >= least && value <= most ? value : undefined;
  };
  if (generation.do_sample === false) return { temperature: 0 };
  const all = {
    temperature: number("temperature", 0, 2),
    topK: number("top_k", 0, 2 ** 31),
    topP: number("top_p", 0.001, 1),
    minP: number("min_p", 0, 1),
    repetitionPenalty: number("repetition_penalty", 0.01, 10),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** Whether the tokenizer's own file puts the beginning's token before a text (Llama 3's TemplateProcessing). */
function beginsTexts(tokenizer: Tokenizer): boolean {
  const template = /"type":"TemplateProcessing","single":\[\{"SpecialToken"/;
  return template.test(JSON.stringify(tokenizer.spec.postProcessor ?? null));
}

function idsOf(value: unknown): number[] {
  const list = Array.isArray(value) ? value : [value];
  return list.filter((id): id is number => Number.isSafeInteger(id) && (id as number) >= 0);
}

/** A file that has to be there. @param without what happens where it is not. @throws RangeError. */
export async function readNeeded(file: string, without: string): Promise<Buffer> {
  const bytes = await readIfThere(file);
  if (!bytes) throw new RangeError(`There is no ${file}, and without it ${without}.`);
  return bytes;
}

async function readIfThere(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new RangeError(`${file} cannot be read: ${(error as Error).message}`);
  }
}

/** A file with one JSON object; an empty one where there is none. */
async function readObject(file: string): Promise<Record<string, unknown>> {
  const bytes = await readIfThere(file);
  if (!bytes) return {};
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {}
  throw new RangeError(`${file} is not a JSON object.`);
}
