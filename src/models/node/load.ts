/** A Hugging Face folder on a disk into a decoder: the files of `files/load.ts`, opened there. */
import { join } from "node:path";
import type { TensorDevice } from "../../tensor/index.ts";
import type { Decoder } from "../decoder.ts";
import { type ReadOptions, readModelFrom } from "../files/load.ts";
import { type ReadQuantizedOptions, readQuantizedFrom } from "../files/load-quantized.ts";
import type { ModelFiles } from "../files/model-files.ts";
import type { QuantizedDecoder } from "../quantized.ts";
import { clearLeftovers } from "./directory.ts";
import { FileSource } from "./file-source.ts";
import { nodeFiles } from "./file-system.ts";

/** Reads the model of a folder. @throws as readModelFrom does. */
export async function readModel(device: TensorDevice, folder: string, options: ReadOptions = {}): Promise<Decoder> {
  // Whoever wrote it may have been ended between its two renames.
  if (!(await nodeFiles.stat(folder))) await clearLeftovers(folder);
  return readModelFrom(device, filesOf(folder), options);
}

/** Reads the model of a folder into few bits. @throws as readQuantizedFrom does. */
export async function readQuantized(
  device: TensorDevice,
  folder: string,
  options: ReadQuantizedOptions = {},
): Promise<QuantizedDecoder> {
  if (!(await nodeFiles.stat(folder))) await clearLeftovers(folder);
  return readQuantizedFrom(device, filesOf(folder), options);
}

/** The files of a folder on a disk. */
export function filesOf(folder: string): ModelFiles {
  return {
    name: folder,
    async open(name) {
      const path = join(folder, name);
      return (await nodeFiles.stat(path)) ? FileSource.open(path) : undefined;
    },
  };
}
