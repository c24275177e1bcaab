/** What programs do with models on a disk: read and write folders, and keep checkpoints. Node only. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TensorDevice } from "../../tensor/index.ts";
import type { Decoder } from "../decoder.ts";
import type { ReadOptions } from "../files/load.ts";
import { readTokenizer, type Tokenizer } from "../tokenizer/index.ts";
import { readSmall } from "./file-source.ts";
import { codeOf } from "./file-system.ts";
import { readModel } from "./load.ts";

export type { ReadOptions } from "../files/load.ts";
export {
  type Checkpoint,
  type CheckpointOptions,
  checkCheckpoints,
  latestCheckpoint,
  writeCheckpoint,
} from "./checkpoints.ts";
export { type NewFile, writeDirectory } from "./directory.ts";
export { writeGgufFile } from "./gguf-file.ts";
export { readModel, readQuantized } from "./load.ts";
export { checkModelFolder, modelFiles, type WriteOptions, writeModel } from "./save.ts";
export { restoreTraining, saveTraining, type TrainingRun } from "./training.ts";

/** Most bytes of a tokenizer.json: those of the largest vocabularies have some 10 MB. */
const MOST_TOKENIZER = 64 * 1024 * 1024;

/** A folder's tokenizer. @throws Error for what is missing; RangeError for what is malformed. */
export async function readTokenizerFolder(folder: string): Promise<Tokenizer> {
  const path = join(folder, "tokenizer.json");
  const bytes = await readSmall(path, MOST_TOKENIZER).catch((cause) => {
    if (!["ENOENT", "ENOTDIR"].includes(codeOf(cause))) throw cause;
    throw new Error(
      `${folder} holds no tokenizer.json. Give the folder of a model: with config.json, model.safetensors and tokenizer.json.`,
      { cause },
    );
  });
  return readTokenizer(bytes, { name: path });
}

/** A Hugging Face folder's model and tokenizer. @throws as readModel does. */
export async function readModelFolder(
  device: TensorDevice,
  folder: string | URL,
  options: ReadOptions = {},
): Promise<{ model: Decoder; tokenizer: Tokenizer }> {
  const path = typeof folder === "string" ? folder : fileURLToPath(folder);
  const tokenizer = await readTokenizerFolder(path);
  return { tokenizer, model: await readModel(device, path, options) };
}
