/**
 * A sharded model as a plain Hugging Face folder, bit by bit what one rank with the whole model would have written. One
 * parameter after the other goes through the host's memory, so no device has to hold the whole.
 */
import { dirname, resolve } from "node:path";
import { sizeOf } from "../../device/index.ts";
import { readConfig } from "../../models/files/config.ts";
import { type ModelFiles, readSmallOf } from "../../models/files/model-files.ts";
import type { ParameterForm } from "../../models/files/names.ts";
import { parameterForms } from "../../models/files/names.ts";
import { beginDirectory, writeDirectory } from "../../models/node/directory.ts";
import { nodeFiles } from "../../models/node/file-system.ts";
import { filesOf } from "../../models/node/load.ts";
import { checkModelFolder, type WriteOptions, weightFiles } from "../../models/node/save.ts";
import type { ParameterTree } from "../../nn/index.ts";
import { makeFolder } from "../../platform/node/files.ts";
import { sameShape, sizeOfShape } from "../../tensor/index.ts";
import type { ProcessGroup } from "../../world/index.ts";
import type { Meeting } from "../checkpoint/agree.ts";
import { type CheckpointIndex, INDEX } from "../checkpoint/index-file.ts";
import { openIndex } from "../checkpoint/restore.ts";
import { readBox, ShardFiles } from "../checkpoint/shard-files.ts";
import { attempt, type ShardedRun, type ShardedWriteOptions, take, writeTogether } from "./write-shards.ts";

/** Most bytes of config.json, and of each file that goes with the model. */
const MOST_BESIDE = 64 * 1024 * 1024;

/**
 * Makes a model's folder of a sharded checkpoint; no rank and no device is needed. Files that were saved with it go along.
 * @param checkpoint its folder. @param folder where the model goes, in place of a model that is there.
 * @throws Error for what is missing, and for a folder with other files than a model's; RangeError for a checkpoint without
 *   config.json, or whose parameters are not those of its form.
 */
export async function exportCheckpoint(
  checkpoint: string,
  folder: string,
  { shardBytes }: Pick<WriteOptions, "shardBytes"> = {},
): Promise<void> {
  const from = filesOf(checkpoint);
  const { index, path } = await openIndex(from);
  if (!index.hasConfig)
    throw new RangeError(`${path} has no config.json: the form of its model is not known. Save it with a config.`);
  const text = await beside(from, "config.json");
  const config = readConfig(text, `${checkpoint}/config.json`);
  const { dtype } = checkForms(index, path, parameterForms(config));
  const files: Record<string, Uint8Array> = Object.create(null);
  for (const name of index.files) files[name] = await beside(from, name);
  const shards = new ShardFiles(from);
  try {
    const read = (form: ParameterForm): Promise<Uint8Array> => readWhole(index, shards, form);
    const written = weightFiles(new TextDecoder().decode(text), config, dtype, read, { files, shardBytes });
    await checkModelFolder(
      folder,
      written.map(({ name }) => name),
    );
    makeFolder(dirname(folder));
    await writeDirectory(folder, written);
  } finally {
    await shards.close();
  }
}

/**
 * Writes a model that lies on ranks in any layout as a plain folder. All ranks of the group call it, between steps; the
 * first one writes, by way of shards beside the folder. The model is that of the moment of the call.
 * @param group that nothing else sends on until it is done. @param run the model, and its form if it is no `Decoder`.
 * @throws Error, on every rank, for what fails on any; as exportCheckpoint and `ShardedCheckpoints.save` do.
 */
export async function exportModel(
  group: Meeting | ProcessGroup,
  folder: string,
  run: Pick<ShardedRun, "config"> & { readonly model: ParameterTree },
  { shardBytes, ...options }: ShardedWriteOptions & Pick<WriteOptions, "shardBytes"> = {},
): Promise<void> {
  const taken = attempt(() => {
    const copied = take(0, { ...run, state: {} }, options);
    if (copied.config !== undefined) return copied;
    copied.snapshot.dispose();
    throw new RangeError("The form of the model is not known: it is no Decoder. Give its config.");
  });
  const path = resolve(folder);
  await writeTogether(group, taken, nodeFiles, {
    begin: async () => {
      await checkModelFolder(path, Object.keys(options.files ?? {}));
      makeFolder(dirname(path));
      return { folder: path, part: await beginDirectory(path) };
    },
    end: (_, part) => exportCheckpoint(part, path, { shardBytes }),
  });
}

/** The form's parameters are those of the index, in one dtype. Stops at the first that is not: a file may claim any number. */
function checkForms(
  { parameters }: CheckpointIndex,
  path: string,
  forms: Iterable<ParameterForm>,
): { dtype: "f32" | "f16" | "bf16" } {
  const [first] = parameters.values();
  let count = 0;
  for (const { name, shape } of forms) {
    const stored = parameters.get(name);
    if (!stored) throw new RangeError(`${path} has no parameter ${JSON.stringify(name)}, which config.json asks for.`);
    if (!sameShape(stored.shape, shape))
      throw new RangeError(
        `${path}: ${JSON.stringify(name)} is [${stored.shape.join(", ")}], and by config.json [${shape.join(", ")}].`,
      );
    if (stored.dtype !== first.dtype)
      throw new RangeError(
        `${path}: ${JSON.stringify(name)} is ${stored.dtype}, and ${first.name} ${first.dtype}. A model's folder has one dtype.`,
      );
    count++;
  }
  if (count < parameters.size)
    throw new RangeError(`${path} has ${parameters.size} parameters, and by config.json the model has ${count}.`);
  return { dtype: first.dtype as "f32" | "f16" | "bf16" };
}

/** A whole parameter's bytes, turned if its form says so. */
async function readWhole(
  { parameters }: CheckpointIndex,
  shards: ShardFiles,
  form: ParameterForm,
): Promise<Uint8Array> {
  const stored = parameters.get(form.name);
  if (!stored) throw new Error(`${form.name} is not in ${INDEX}, where it was before.`);
  const { shape, dtype } = stored;
  const width = sizeOf(dtype);
  const whole = new Uint8Array(sizeOfShape(shape) * width);
  const box = { from: shape.map(() => 0), shape };
  await readBox(box, dtype, await shards.places(stored, box), (at, bytes) => whole.set(bytes, at));
  return form.stored.transposed ? transposed(whole, shape[0], shape[1], width) : whole;
}

/** Elements of some bytes, [rows, columns] as [columns, rows]. */
function transposed(bytes: Uint8Array, rows: number, columns: number, width: number): Uint8Array {
  const turned = new Uint8Array(bytes.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const [from, to] = [(row * columns + column) * width, (column * rows + row) * width];
      for (let byte = 0; byte < width; byte++) turned[to + byte] = bytes[from + byte];
    }
  }
  return turned;
}

async function beside(files: ModelFiles, name: string): Promise<Uint8Array> {
  const found = await readSmallOf(files, name, MOST_BESIDE);
  if (found) return found.bytes;
  throw new Error(
    `${files.name}/${name} is missing; the index says that it goes with the model. Copy the whole folder.`,
  );
}
