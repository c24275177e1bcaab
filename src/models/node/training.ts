/**
 * A training run on disk: the model as a Hugging Face folder, beside it what the optimizer keeps and where the run
 * stands. All of it is of one step: it is copied at the call, and written while training goes on.
 */
import { join } from "node:path";
import type { Optimizer, Parameter } from "../../nn/index.ts";
import { makeFolder } from "../../platform/node/files.ts";
import { sameShape, type Tensor, type TensorDevice } from "../../tensor/index.ts";
import type { Decoder } from "../decoder.ts";
import { parseStrictJson } from "../files/strict-json.ts";
import { isObject } from "../tokenizer/fields.ts";
import { type CheckpointOptions, writeCheckpoint } from "./checkpoints.ts";
import { readSmall } from "./file-source.ts";
import { modelFiles, type WriteOptions } from "./save.ts";
import { readTensorsFile, tensorsFile } from "./tensors-file.ts";

const OPTIMIZER = "optimizer.safetensors";
const STATE = "training.json";
/** Most bytes of a run's state. */
const MOST_STATE = 64 * 1024 * 1024;

/** What is saved. */
export interface TrainingRun<O extends { readonly lr: number }> {
  readonly model: Decoder;
  readonly optimizer: Optimizer<O>;
  /** Whatever else the run needs to go on: plain data. */
  readonly state: Readonly<Record<string, unknown>>;
}

/**
 * Writes a checkpoint of a step. The copy is taken before it returns its promise: what is trained after that is not in it.
 * @throws Error for a full disk or another failure of it: the checkpoints before it are still there.
 */
export async function saveTraining<O extends { readonly lr: number }>(
  folder: string,
  step: number,
  { model, optimizer, state }: TrainingRun<O>,
  options: CheckpointOptions & Pick<WriteOptions, "config" | "files"> = {},
): Promise<void> {
  makeFolder(folder);
  const steps: Record<string, number> = {};
  const kept = new Map<string, Tensor>();
  for (const [name, parameter] of model.namedParameters()) {
    const own = optimizer.stateOf(parameter);
    if (!own) continue;
    steps[name] = own.step;
    for (const [key, tensor] of Object.entries(own.tensors)) kept.set(`${name}/${key}`, tensor);
  }
  const text = JSON.stringify({ step, optimizerSteps: steps, state });
  const weights = modelFiles(model, { config: options.config, files: { ...options.files, [STATE]: text } });
  let moments: ReturnType<typeof tensorsFile> | undefined;
  try {
    moments = tensorsFile(OPTIMIZER, kept);
    await writeCheckpoint(folder, step, [...weights.files, moments.file], options);
  } finally {
    weights.dispose();
    moments?.dispose();
  }
}

/**
 * Reads what goes with a model that was read from the same checkpoint. What is refused leaves the optimizer as it was.
 * @returns the state as it was saved, and the step.
 * @throws RangeError for files that are malformed or of another model; Error for what is missing; OutOfMemoryError.
 */
export async function restoreTraining<O extends { readonly lr: number }>(
  folder: string,
  model: Decoder,
  optimizer: Optimizer<O>,
): Promise<{ step: number; state: Record<string, unknown> }> {
  const path = join(folder, STATE);
  const json = parseStrictJson(path, await readSmall(path, MOST_STATE));
  if (!isObject(json) || !isObject(json.state) || !isObject(json.optimizerSteps) || !isCount(json.step)) {
    throw new RangeError(`${path} is not the state of a training run.`);
  }
  const parameters = model.namedParameters();
  const states = new Map<string, { readonly step: number; readonly tensors: Record<string, Tensor> }>();
  for (const [name, step] of Object.entries(json.optimizerSteps)) {
    if (!parameters.has(name)) throw new RangeError(`${path}: the model has no parameter ${JSON.stringify(name)}.`);
    if (!isCount(step))
      throw new RangeError(`${path}: ${name} took ${JSON.stringify(step)} steps, which is not a count.`);
    states.set(name, { step, tensors: {} });
  }
  const device: TensorDevice = model.device;
  const file = join(folder, OPTIMIZER);
  try {
    await readTensorsFile(file, (name, shape) => {
      const [owner, key] = name.split("/");
      const [parameter, own] = [parameters.get(owner), states.get(owner)];
      if (!parameter || !own || !key)
        throw new RangeError(`${file}: tensor ${JSON.stringify(name)} belongs to no parameter that ${STATE} lists.`);
      if (!sameShape(shape, parameter.shape))
        throw new RangeError(
          `${file}: tensor ${JSON.stringify(name)} is [${shape}], and ${owner} [${parameter.shape}].`,
        );
      own.tensors[key] = device.unscoped(() => device.empty([...shape], "f32", "optimizer"));
      return own.tensors[key];
    });
    for (const [name, { tensors }] of states) {
      if ((parameters.get(name)?.dtype !== "f32") !== "master" in tensors)
        throw new RangeError(
          `${file}: ${name} is ${parameters.get(name)?.dtype}, and its master ${"master" in tensors ? "is" : "is not"} there. Read the model in the dtype that it was trained in.`,
        );
    }
  } catch (error) {
    for (const { tensors } of states.values()) for (const tensor of Object.values(tensors)) tensor.dispose();
    throw error;
  }
  for (const [name, state] of states) optimizer.setState(parameters.get(name) as Parameter, state);
  return { step: json.step, state: json.state as Record<string, unknown> };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
