/** A decoder as a Hugging Face folder. What is written is the model of the moment of the call, even while training goes on. */
import { dirname } from "node:path";
import { type DType, sizeOf } from "../../device/index.ts";
import { makeFolder } from "../../platform/node/files.ts";
import { rawOf, type Shape, type Tensor, type TensorDevice } from "../../tensor/index.ts";
import type { Decoder } from "../decoder.ts";
import type { DecoderConfig } from "../decoder-config.ts";
import { writeConfig } from "../files/config.ts";
import { type ParameterForm, parameterForms } from "../files/names.ts";
import { fileDTypes, layOutSafetensors, type TensorForm } from "../files/safetensors.ts";
import { INDEX, WEIGHTS } from "../files/weights.ts";
import { checkReplaceable, type NewFile, writeDirectory } from "./directory.ts";

/** What is written beside the weights. */
export interface WriteOptions {
  /** More keys of config.json: ids of special tokens, say. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** More files, by name: tokenizer.json, generation_config.json, README.md. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** Bytes of tensors in one file before another begins; default 5 GB, as the Hugging Face library has it. */
  readonly shardBytes?: number;
}

/** What the Hugging Face library calls dtypes of parameters, in config.json. */
const libraryDTypes: Partial<Record<DType, string>> = { f32: "float32", f16: "float16", bf16: "bfloat16" };

/** A tensor of the file, and the parameters that are in it: one, or GPT-2's q, k and v. */
interface Group extends TensorForm {
  readonly parts: ParameterForm[];
  readonly bytes: number;
}

/**
 * Writes a model in place of the one at `folder`, whole or not at all. It takes a copy of the parameters on the device first.
 * @throws Error for a folder with other files than a model's, which would be lost, for a full disk or another failure of it: what was there is unchanged; OutOfMemoryError; RangeError for a
 *   form that config.json cannot say.
 */
export async function writeModel(folder: string, model: Decoder, options: WriteOptions = {}): Promise<void> {
  const files = modelFiles(model, options);
  try {
    const names = files.files.map(({ name }) => name);
    await checkModelFolder(folder, names);
    makeFolder(dirname(folder));
    await writeDirectory(folder, files.files);
  } finally {
    files.dispose();
  }
}

/**
 * Whether a model may be written at `folder`. @param names of files besides config.json and the weights.
 * @throws Error for a file in its place, and for a folder with other files, which would be lost.
 */
export function checkModelFolder(folder: string, names: readonly string[] = []): Promise<void> {
  const ours = new Set(["config.json", WEIGHTS, INDEX, ...names]);
  return checkReplaceable(folder, (name) => ours.has(name) || /^model-\d{5}-of-\d{5}\.safetensors$/.test(name));
}

/** The files of a model, for a folder that holds more: a checkpoint. Its copy of the parameters is freed by `dispose`. */
export function modelFiles(model: Decoder, options: WriteOptions = {}): { files: NewFile[]; dispose(): void } {
  const { dtype } = model.parameters()[0];
  const text = configText(model.config, dtype, options.config);
  const copies = snapshot(model);
  const files = weightFiles(text, model.config, dtype, ({ name }) => contentOf(copies.get(name)!), options);
  const dispose = (): void => {
    for (const copy of copies.values()) copy.dispose();
  };
  return { files, dispose };
}

/** The text of a model's config.json. @throws RangeError for a form that it cannot say. */
export function configText(config: DecoderConfig, dtype: DType, more: WriteOptions["config"] = {}): string {
  // Without it, the Hugging Face library's older versions read every model as f32.
  return writeConfig(config, { torch_dtype: libraryDTypes[dtype], ...more });
}

/**
 * The files of a model whose parameters come from anywhere, one at a time.
 * @param text of config.json. @param read a parameter's bytes, as they lie in the file: turned, if its form says so.
 */
export function weightFiles(
  text: string,
  config: DecoderConfig,
  dtype: DType,
  read: (form: ParameterForm) => Promise<Uint8Array>,
  { files = {}, shardBytes = 5e9 }: WriteOptions,
): NewFile[] {
  const shards = shardsOf(groupsOf(config, dtype), shardBytes);
  const names = shards.map((_, i) =>
    shards.length === 1 ? WEIGHTS : `model-${padded(i + 1)}-of-${padded(shards.length)}.safetensors`,
  );
  const written: NewFile[] = [
    file("config.json", text),
    ...Object.entries(files).map(([name, data]) => file(name, data)),
  ];
  for (const [i, shard] of shards.entries()) written.push({ name: names[i], chunks: shardChunks(shard, read) });
  if (shards.length > 1) written.push(file(INDEX, indexOf(shards, names)));
  return written;
}

/** Copies of all parameters as they lie in a file, in stream order: what is computed after it does not change them. */
function snapshot(model: Decoder): Map<string, Tensor> {
  const parameters = model.namedParameters();
  const forms = [...parameterForms(model.config)];
  return model.device.noGrad(() => new Map(forms.map((form) => [form.name, copyOf(parameters.get(form.name)!, form)])));
}

function groupsOf(config: DecoderConfig, dtype: DType): Group[] {
  const groups = new Map<string, Group>();
  for (const form of parameterForms(config)) {
    const { name, shape } = form.stored;
    const bytes = shape.reduce((product, size) => product * size, sizeOf(dtype));
    const group = groups.get(name) ?? { name, shape, dtype: fileDTypes[dtype], parts: [], bytes };
    group.parts.push(form);
    groups.set(name, group);
  }
  return [...groups.values()];
}

function copyOf(parameter: Tensor, { stored }: ParameterForm): Tensor {
  if (!stored.transposed) return parameter.clone();
  using turned = parameter.transpose();
  return turned.clone();
}

function shardsOf(groups: readonly Group[], most: number): Group[][] {
  const shards: Group[][] = [[]];
  let bytes = 0;
  for (const group of groups) {
    if (bytes > 0 && bytes + group.bytes > most) {
      shards.push([]);
      bytes = 0;
    }
    shards[shards.length - 1].push(group);
    bytes += group.bytes;
  }
  return shards;
}

async function* shardChunks(
  groups: readonly Group[],
  read: (form: ParameterForm) => Promise<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const byName = new Map(groups.map((group) => [group.name, group]));
  // The Hugging Face library refuses a file that does not say so.
  const { header, tensors } = layOutSafetensors(groups, new Map([["format", "pt"]]));
  yield header;
  for (const { name } of tensors) {
    const { parts, shape } = byName.get(name)!;
    yield joined(await Promise.all(parts.map(read)), shape);
  }
}

/** Parts side by side, as a tensor of the file has them. */
function joined(read: readonly Uint8Array[], shape: Shape): Uint8Array {
  if (read.length === 1) return read[0];
  // Side by side: row by row one after the other.
  const rows = shape.length === 1 ? 1 : shape[0];
  const whole = new Uint8Array(read.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (let row = 0; row < rows; row++) {
    for (const part of read) {
      const width = part.length / rows;
      whole.set(part.subarray(row * width, (row + 1) * width), at);
      at += width;
    }
  }
  return whole;
}

function contentOf(tensor: Tensor): Promise<Uint8Array> {
  return rawOf(tensor.device as TensorDevice).read(tensor.ref(), tensor.size * sizeOf(tensor.dtype));
}

function indexOf(shards: readonly Group[][], names: readonly string[]): string {
  const total = shards.flat().reduce((sum, { bytes }) => sum + bytes, 0);
  const map = shards.flatMap((shard, i) => shard.map(({ name }) => [name, names[i]]));
  return `${JSON.stringify({ metadata: { total_size: total }, weight_map: Object.fromEntries(map) }, null, 2)}\n`;
}

function file(name: string, data: string | Uint8Array): NewFile {
  return { name, chunks: [typeof data === "string" ? new TextEncoder().encode(data) : data] };
}

function padded(number: number): string {
  return String(number).padStart(5, "0");
}
