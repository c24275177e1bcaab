/** The weights of a model's folder: one safetensors file, or several with an index that says where each tensor lies. */
import { join } from "node:path";
import type { ByteSource } from "../files/byte-source.ts";
import { readSafetensorsHeader, type TensorEntry } from "../files/safetensors.ts";
import { parseStrictJson } from "../files/strict-json.ts";
import { isObject } from "../tokenizer/fields.ts";
import { FileSource, readSmall } from "./file-source.ts";
import { nodeFiles } from "./file-system.ts";

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

/** Opens the weights of a folder and checks all headers. @throws RangeError for bad files; Error where there are none. */
export async function openWeights(folder: string): Promise<Weights> {
  const index = (await nodeFiles.stat(join(folder, WEIGHTS))) ? undefined : await readIndex(folder);
  const files = index ? [...new Set(index.values())] : [WEIGHTS];
  const sources: FileSource[] = [];
  const close = async (): Promise<void> => {
    for (const source of sources) await source.close();
  };
  try {
    const tensors = new Map<string, PlacedTensor>();
    for (const file of files) {
      if (index && !(await nodeFiles.stat(join(folder, file)))) throw new Error(missing(folder, file, index));
      const source = await FileSource.open(join(folder, file));
      sources.push(source);
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
        throw new RangeError(`${join(folder, file)} does not hold tensor ${JSON.stringify(name)}, as ${INDEX} says.`);
    }
    return { tensors, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function missing(folder: string, file: string, index: ReadonlyMap<string, string>): string {
  const [tensor] = [...index.keys()].filter((name) => index.get(name) === file);
  return `${join(folder, file)} is missing; ${INDEX} says that it holds ${JSON.stringify(tensor)}. Copy the whole folder.`;
}

/** Tensors' names, with the file of each. */
async function readIndex(folder: string): Promise<Map<string, string>> {
  const path = join(folder, INDEX);
  if (!(await nodeFiles.stat(path)))
    throw new Error(`${folder} has neither ${WEIGHTS} nor ${INDEX}: weights are read from safetensors files only.`);
  const json = parseStrictJson(path, await readSmall(path, MOST_INDEX));
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
