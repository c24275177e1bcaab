/** The weights of a model: one safetensors file, or several with an index that says where each tensor lies. */

import { isObject } from "../tokenizer/fields.ts";
import type { ByteSource } from "./byte-source.ts";
import { type ModelFiles, type OpenSource, readSmallOf } from "./model-files.ts";
import { readSafetensorsHeader, type TensorEntry } from "./safetensors.ts";
import { parseStrictJson } from "./strict-json.ts";

export const WEIGHTS = "model.safetensors";
export const INDEX = "model.safetensors.index.json";
/** Bytes of the largest index that is read; those of the largest models have about 10 MB. */
const MOST_INDEX = 64 * 1024 * 1024;

/** A tensor, and the file that it lies in. */
export interface PlacedTensor extends TensorEntry {
  readonly source: ByteSource;
}

/** Open files and their tensors by name. */
export interface Weights {
  readonly tensors: ReadonlyMap<string, PlacedTensor>;
  close(): Promise<void>;
}

/** Opens a model's weights and checks all headers. @throws RangeError for bad files; Error where there are none. */
export async function openWeights(files: ModelFiles): Promise<Weights> {
  const sources: OpenSource[] = [];
  const close = async (): Promise<void> => {
    for (const source of sources) await source.close?.();
  };
  try {
    const only = await files.open(WEIGHTS);
    if (only) sources.push(only);
    const index = only ? undefined : await readIndex(files);
    const tensors = new Map<string, PlacedTensor>();
    for (const file of index ? new Set(index.values()) : [WEIGHTS]) {
      const source = only ?? (await files.open(file));
      if (!source) throw new Error(missing(files, file, index ?? new Map()));
      if (source !== only) sources.push(source);
      for (const entry of (await readSafetensorsHeader(source)).tensors.values()) {
        const listed = index?.get(entry.name);
        if (index && listed !== file)
          throw new RangeError(
            `${source.name} holds tensor ${JSON.stringify(entry.name)}, which ${INDEX} ${listed ? `has in ${listed}` : "does not list"}.`,
          );
        tensors.set(entry.name, { ...entry, source });
      }
    }
    for (const [name, file] of index ?? []) {
      if (!tensors.has(name))
        throw new RangeError(`${files.name}/${file} does not hold tensor ${JSON.stringify(name)}, as ${INDEX} says.`);
    }
    return { tensors, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function missing({ name: folder }: ModelFiles, file: string, index: ReadonlyMap<string, string>): string {
  const [tensor] = [...index.keys()].filter((each) => index.get(each) === file);
  return `${folder}/${file} is missing; ${INDEX} says that it holds ${JSON.stringify(tensor)}. Copy the whole folder.`;
}

/** Tensors' names, with the file of each. */
async function readIndex(files: ModelFiles): Promise<Map<string, string>> {
  const found = await readSmallOf(files, INDEX, MOST_INDEX);
  if (!found)
    throw new Error(`${files.name} has neither ${WEIGHTS} nor ${INDEX}: weights are read from safetensors files only.`);
  const { path } = found;
  const json = parseStrictJson(path, found.bytes);
  const map = isObject(json) ? json.weight_map : undefined;
  if (!isObject(map)) throw new RangeError(`${path}: weight_map is no object.`);
  return new Map(
    Object.keys(map).map((name) => {
      const file = map[name];
      if (typeof file === "string" && /^[^/\\\0]+\.safetensors$/.test(file)) return [name, file];
      throw new RangeError(
        `${path}: weight_map has ${JSON.stringify(file)} for ${JSON.stringify(name)}, expected a safetensors file of this folder.`,
      );
    }),
  );
}
