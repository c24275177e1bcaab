/** A model as one GGUF file on a disk, which is there whole or not at all. */
import { dirname, resolve } from "node:path";
import { makeFolder } from "../../platform/node/files.ts";
import type { Decoder } from "../decoder.ts";
import { exportGguf, type GgufExport, namedTensors } from "../gguf/index.ts";
import type { Tokenizer } from "../tokenizer/index.ts";
import { writeOneFile } from "./directory.ts";
import { type FileSystem, nodeFiles } from "./file-system.ts";

/**
 * Writes a model and its tokenizer for llama.cpp, in place of the file that is there. @returns its bytes.
 * @throws RangeError for a form or a tokenizer that such a file has no place for; Error for a full disk or another
 *   failure of it: then what was there before is unchanged.
 */
export async function writeGgufFile(
  file: string,
  model: Decoder,
  tokenizer: Tokenizer,
  options: Pick<GgufExport, "dtype" | "tokens"> = {},
  system: FileSystem = nodeFiles,
): Promise<number> {
  const path = resolve(file);
  makeFolder(dirname(path));
  const { config } = model;
  const chunks = exportGguf({ ...options, config, tensors: namedTensors(model), tokenizer: tokenizer.spec });
  await writeOneFile(path, chunks, system);
  return (await system.stat(path))?.size ?? 0;
}
