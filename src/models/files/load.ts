/**
 * The files of a Hugging Face folder into a decoder, wherever they lie. All is checked before memory is taken: the form, every header, and that each
 * parameter is there at its shape. Then the bytes go to the device piece by piece, without a copy of the model in between.
 */
import type { DType, Ref } from "../../device/index.ts";
import type { Parameter } from "../../nn/index.ts";
import { rawOf, type Tensor, type TensorDevice } from "../../tensor/index.ts";
import { Decoder, type DecoderOptions } from "../decoder.ts";
import type { DecoderConfig } from "../decoder-config.ts";
import { readConfig } from "./config.ts";
import { type ModelFiles, readSmallOf } from "./model-files.ts";
import { isTable, type ParameterForm, parameterForms, withoutPrefix } from "./names.ts";
import { dtypeOf } from "./safetensors.ts";
import { openWeights, type PlacedTensor, type Weights } from "./weights.ts";

const CONFIG = "config.json";
const MOST_CONFIG = 1024 * 1024;
/** Bytes that are read at once: a multiple of every element's, and few enough that they are still in the cache when they are copied on. */
export const PIECE = 1024 * 1024;
/** Tensors that are read at once. */
const LANES = 4;
/** Positions that tables are made for, where nobody says how many; a file may claim any number. */
const MOST_POSITIONS = 32_768;

/** How a model is read. */
export interface ReadOptions extends Pick<DecoderOptions, "gradDType" | "positions"> {
  /** Of the parameters; f32 if not given, whatever the file has. */
  readonly dtype?: DType;
}

/** A parameter, and the tensor that holds it. */
export interface Plan {
  readonly form: ParameterForm;
  readonly tensor: PlacedTensor;
}

/**
 * Reads a model: config.json, and model.safetensors or the files of its index, in f32, f16 or bf16.
 * @throws RangeError for files that are malformed, or do not hold exactly the parameters of the form, with file and
 *   tensor; Error for what is missing; OutOfMemoryError.
 */
export async function readModelFrom(
  device: TensorDevice,
  files: ModelFiles,
  options: ReadOptions = {},
): Promise<Decoder> {
  return withPlans(files, async (config, plans) => {
    const { dtype = "f32", positions = positionsOf(config), gradDType } = options;
    const model = new Decoder(device, config, { dtype, gradDType, positions, empty: true });
    try {
      const parameters = model.namedParameters();
      await inLanes(plans, (plan, buffer) => fillOne(parameterOf(plan, parameters), plan, buffer));
      for (const name of parameters.keys()) throw new Error(`${name} was not read: names.ts and decoder.ts disagree.`);
    } catch (error) {
      model.dispose();
      throw error;
    }
    return model;
  });
}

/** Positions that tables are made for, where nobody says how many. */
export function positionsOf({ maxPositions }: DecoderConfig): number {
  return Math.min(maxPositions, MOST_POSITIONS);
}

/** Opens a model's files, checks all that can be checked before tensors are read, and says where each parameter lies. */
export async function withPlans<R>(
  files: ModelFiles,
  read: (config: DecoderConfig, plans: readonly Plan[]) => Promise<R>,
): Promise<R> {
  const { config, path } = await readConfigFrom(files);
  const weights = await openWeights(files);
  try {
    const plans = planOf([...limited(parameterForms(config), weights)], weights, path);
    if (config.tied) await checkTied(plans, weights, path);
    return await read(config, plans);
  } finally {
    await weights.close();
  }
}

/** A model's form, from its config.json alone. @throws RangeError for a malformed one; Error where there is none. */
export async function readConfigFrom(files: ModelFiles): Promise<{ config: DecoderConfig; path: string }> {
  const found = await readSmallOf(files, CONFIG, MOST_CONFIG);
  if (!found) throw new Error(`${files.name} has no ${CONFIG}, which says what form the model has.`);
  return { config: readConfig(found.bytes, found.path), path: found.path };
}

/** Stops behind the first parameter that the files lack: config.json may claim more layers than memory has room for. */
function* limited(forms: Iterable<ParameterForm>, weights: Weights): Generator<ParameterForm> {
  for (const form of forms) {
    yield form;
    if (form.name !== "embed.weight" && !find(form, weights)) return;
  }
}

/** Where each parameter lies. @throws RangeError for one that is missing or another, and for a tensor that is no parameter. */
function planOf(forms: readonly ParameterForm[], { tensors }: Weights, config: string): Plan[] {
  const used = new Set<string>();
  const plans = forms.map((form): Plan => {
    const tensor = find(form, { tensors }) ?? (form.name === "embed.weight" ? headOf(forms, tensors) : undefined);
    if (!tensor) throw new RangeError(missing(form, config));
    const { name, source, shape, dtype } = tensor;
    const at = `${source.name}: tensor ${JSON.stringify(name)} (byte ${tensor.offset})`;
    if (shape.length !== form.stored.shape.length || shape.some((size, i) => size !== form.stored.shape[i]))
      throw new RangeError(
        `${at} has the shape [${shape.slice(0, 8)}]; by ${config} it has to be [${form.stored.shape}].`,
      );
    if (!["F32", "F16", "BF16"].includes(dtype))
      throw new RangeError(`${at} is ${dtype}; parameters are read from F32, F16 and BF16.`);
    used.add(name);
    return { form, tensor };
  });
  for (const { name, source } of tensors.values()) {
    if (used.has(name) || isTable(name) || name === "lm_head.weight") continue;
    throw new RangeError(
      `${source.name} holds tensor ${JSON.stringify(name)}, which is no parameter of the form in ${config}.`,
    );
  }
  return plans;
}

function find({ stored: { name } }: ParameterForm, { tensors }: Pick<Weights, "tensors">): PlacedTensor | undefined {
  return tensors.get(name) ?? tensors.get(withoutPrefix(name));
}

/** The output projection, which stands for a tied embedding that was left out. */
function headOf(forms: readonly ParameterForm[], tensors: Weights["tensors"]): PlacedTensor | undefined {
  return forms.at(-1)?.name === "head.weight" ? undefined : tensors.get("lm_head.weight");
}

function missing({ name, stored }: ParameterForm, config: string): string {
  const why =
    name === "head.weight"
      ? ` Where the output projection is the embedding, ${config} says "tie_word_embeddings": true.`
      : "";
  return `The files hold no tensor ${JSON.stringify(stored.name)}, which is ${name} by ${config}.${why}`;
}

/** A tied model's file may hold the head, too: then it has to be the same as the embedding. */
async function checkTied(plans: readonly Plan[], { tensors }: Weights, config: string): Promise<void> {
  const [embed] = plans;
  const head = tensors.get("lm_head.weight");
  if (!head || head === embed.tensor) return;
  const { source, offset, bytes, name } = embed.tensor;
  let isSame = head.dtype === embed.tensor.dtype && head.bytes === bytes;
  for (let at = 0; isSame && at < bytes; at += PIECE) {
    const length = Math.min(PIECE, bytes - at);
    const [a, b] = [await source.read(offset + at, length), await head.source.read(head.offset + at, length)];
    isSame = a.every((byte, i) => byte === b[i]);
  }
  if (isSame) return;
  throw new RangeError(
    `${head.source.name}: tensor "lm_head.weight" (byte ${head.offset}) differs from ${JSON.stringify(name)}, but ${config} says ` +
      'that they are one. Set "tie_word_embeddings" to false if they are two.',
  );
}

/** Tensors are read several at once, so that the disk and the copy to the device do not wait for each other. */
export async function inLanes(
  plans: readonly Plan[],
  read: (plan: Plan, buffer: Uint8Array) => Promise<void>,
): Promise<void> {
  // A generator, since it ends for all lanes when one of them fails.
  const left = (function* () {
    yield* plans;
  })();
  const lane = async (): Promise<void> => {
    const buffer = new Uint8Array(PIECE);
    for (const plan of left) await read(plan, buffer);
  };
  // All have to end, also after a failure: the model that they write to is disposed of then.
  const ends = await Promise.allSettled(Array.from({ length: LANES }, lane));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}

/** Takes a plan's parameter out of those that are left to read. */
export function parameterOf({ form }: Plan, parameters: Map<string, Parameter>): Parameter {
  const parameter = parameters.get(form.name);
  if (!parameter) throw new Error(`The decoder has no parameter ${form.name}: names.ts and decoder.ts disagree.`);
  parameters.delete(form.name);
  return parameter;
}

/** Reads one parameter, in its dtype. @param buffer as of `inLanes`. */
export async function fillOne(
  parameter: Tensor,
  { form: { stored }, tensor }: Plan,
  buffer: Uint8Array,
): Promise<void> {
  const device = parameter.device as TensorDevice;
  const dtype = dtypeOf(tensor.dtype)!;
  if (dtype === parameter.dtype && !stored.transposed && stored.third === undefined) {
    await copyBytes(device, tensor, parameter.ref(), buffer);
    return;
  }
  const whole = device.noGrad(() => device.empty(tensor.shape, dtype, "scratch"));
  try {
    await copyBytes(device, tensor, whole.ref(), buffer);
    device.noGrad(() => {
      const columns = whole.shape[whole.shape.length - 1] / 3;
      const { third = 0 } = stored;
      using part = stored.third === undefined ? whole.view() : whole.slice(-1, third * columns, (third + 1) * columns);
      using turned = stored.transposed ? part.transpose() : part.view();
      using packed = turned.contiguous();
      parameter.copy_(packed);
    });
  } finally {
    whole.dispose();
  }
}

/** A tensor's bytes onto the device, in pieces. @param buffer [PIECE] bytes to read them into. */
export async function copyBytes(
  device: TensorDevice,
  { source, offset, bytes }: PlacedTensor,
  to: Ref,
  buffer: Uint8Array,
): Promise<void> {
  for (let at = 0; at < bytes; at += PIECE) {
    const length = Math.min(PIECE, bytes - at);
    const read = await source.read(offset + at, length, buffer.subarray(0, length));
    rawOf(device).write({ buffer: to.buffer, offset: to.offset + at }, read);
  }
}
