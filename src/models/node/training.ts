/**
 * A training run on disk: the model as a Hugging Face folder, beside it what the optimizer keeps and where the run
 * stands. All of it is of one step: it is copied at the call, and written while training goes on.
 */
import { join } from "node:path";
import type { Optimizer } from "../../nn/index.ts";
import { makeFolder } from "../../platform/node/files.ts";
import type { Tensor, TensorDevice } from "../../tensor/index.ts";
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
  const moments = tensorsFile(OPTIMIZER, kept);
  try {
    await writeCheckpoint(folder, step, [...weights.files, moments.file], options);
  } finally {
    weights.dispose();
    moments.dispose();
  }
}

/**
 * Reads what goes with a model that was read from the same checkpoint.
 * @returns the state as it was saved, and the step.
 * @throws RangeError for files that are malformed or of another model.
 */
export async function restoreTraining<O extends { readonly lr: number }>(
  folder: string,
  model: Decoder,
  optimizer: Optimizer<O>,
): Promise<{ step: number; state: Record<string, unknown> }> {
  const path = join(folder, STATE);
  const json = parseStrictJson(path, await readSmall(path, MOST_STATE));
  if (!isObject(json) || !isObject(json.state) || !isObject(json.optimizerSteps) || typeof json.step !== "number") {
    throw new RangeError(`${path} is not the state of a training run.`);
  }
  const parameters = model.namedParameters();
  const states = new Map<string, Record<string, Tensor>>();
  const device: TensorDevice = model.device;
  await readTensorsFile(join(folder, OPTIMIZER), (name, shape) => {
    const [parameter, key] = name.split("/");
    const tensor = device.unscoped(() => device.empty([...shape], "f32", "optimizer"));
    states.set(parameter, { ...states.get(parameter), [key]: tensor });
    return tensor;
  });
  for (const [name, tensors] of states) {
    const parameter = parameters.get(name);
    const step = json.optimizerSteps[name];
    if (!parameter || typeof step !== "number") throw new RangeError(`${folder}: the model has no parameter ${name}.`);
    optimizer.setState(parameter, { step, tensors });
  }
  return { step: json.step, state: json.state as Record<string, unknown> };
}
