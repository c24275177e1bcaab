// A training run that can be left and gone on with: its checkpoints, and what has to be the same when it goes on.
import { join } from "node:path";
import { AdamW, type TensorDevice } from "worldsize";
import type { LoaderState } from "worldsize/data";
import {
  checkCheckpoints,
  checkModelFolder,
  latestCheckpoint,
  readModel,
  readTokenizerFolder,
  restoreTraining,
  saveTraining,
  writeModel,
} from "worldsize/files";
import {
  chatTemplate,
  Decoder,
  type DecoderConfig,
  type Tokenizer,
  writeTokenizer,
  writeTokenizerConfig,
} from "worldsize/models";

/** What a run needs to go on, besides weights and moments. */
export interface RunState {
  /** The loss of each step so far. */
  readonly losses: readonly number[];
  readonly loader: LoaderState;
  /** Tokens so far. */
  readonly tokens: number;
  /** Options that decide what is learned: a run goes on with the same ones only. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** A checkpoint that is gone on from. */
export interface Resumed {
  readonly folder: string;
  readonly step: number;
}

/** Weights decay, norms do not. */
export function optimizerFor(model: Decoder): AdamW {
  const parameters = model.parameters();
  const groups = [
    { parameters: parameters.filter(({ shape }) => shape.length === 2), weightDecay: 0.05 },
    { parameters: parameters.filter(({ shape }) => shape.length < 2), weightDecay: 0 },
  ];
  return new AdamW(groups, { betas: [0.9, 0.98] });
}

/**
 * The checkpoint that a run goes on from, if it is to go on.
 * @throws Error for a folder that has checkpoints when a new run would begin, or has none to go on from, and for one
 *   that nothing can be written to, or whose model folder holds other files.
 */
export async function checkpointOf(out: string, resume: boolean, writes: boolean): Promise<Resumed | undefined> {
  if (out === "") {
    if (resume) throw new Error("--resume goes on from the checkpoints in --out, which is empty.");
    return undefined;
  }
  const latest = await latestCheckpoint(join(out, "checkpoints"));
  if (latest && !resume) {
    throw new Error(
      `${out} has a checkpoint of step ${latest.step}. Go on from it with --resume, or choose another --out.`,
    );
  }
  if (!latest && resume)
    throw new Error(`There is no checkpoint in ${out} to go on from. Leave --resume out to begin.`);
  // Hours later would be too late to learn it.
  if (writes) await checkModelFolder(join(out, "model"), companionNames);
  if (writes) checkCheckpoints(out);
  return latest;
}

/** The tokenizer of a checkpoint. */
export function tokenizerOf({ folder }: Resumed): Promise<Tokenizer> {
  return readTokenizerFolder(folder);
}

/** Model, optimizer and state of a checkpoint. @throws Error when an option that decides what is learned is another now. */
export async function readRun(device: TensorDevice, { folder }: Resumed, options: RunState["options"]) {
  const model = await readModel(device, folder);
  const optimizer = optimizerFor(model);
  const { state, step } = await restoreTraining(folder, model, optimizer);
  const run = state as unknown as RunState;
  if (!isRun(run, step)) {
    const path = join(folder, "training.json");
    throw new Error(
      `${path} is not of a run of this script, or was edited. Remove its folder to go on from an older one.`,
    );
  }
  const others = Object.keys(options).filter((name) => run.options[name] !== options[name]);
  if (others.length > 0) {
    const begun = others.map((name) => `--${name} ${run.options[name]}`).join(" ");
    const now = others.map((name) => options[name]).join(" ");
    throw new Error(`This run was begun with ${begun}, and cannot go on with ${now}. Give the same values again.`);
  }
  return { model, optimizer, run };
}

/** Whether the state of a checkpoint has what a run needs. */
function isRun({ losses, loader, tokens, options }: Partial<RunState>, step: number): boolean {
  const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;
  return (
    Array.isArray(losses) &&
    losses.length === step &&
    losses.every(Number.isFinite) &&
    isObject(loader) &&
    Number.isSafeInteger(tokens) &&
    isObject(options)
  );
}

/** A new model, whose weights depend on the seed alone. */
export function newRun(device: TensorDevice, config: DecoderConfig) {
  const model = new Decoder(device, config);
  return { model, optimizer: optimizerFor(model) };
}

/** Names of what `companions` makes. */
const companionNames = ["tokenizer.json", "tokenizer_config.json", "generation_config.json"] as const;

/** Files beside the weights that make the folder a model for others, too. */
function companions(tokenizer: Tokenizer, context: number): Record<(typeof companionNames)[number], string> {
  const [bos, eos, pad] = ["bos", "eos", "pad"].map((name) => tokenizer.specialId(`<|${name}|>`));
  const generation = { bos_token_id: bos, eos_token_id: eos, pad_token_id: pad, do_sample: true, temperature: 0.7 };
  return {
    "tokenizer.json": writeTokenizer(tokenizer),
    "tokenizer_config.json": writeTokenizerConfig({
      bosToken: "<|bos|>",
      eosToken: "<|eos|>",
      padToken: "<|pad|>",
      chatTemplate: chatTemplate(),
      modelMaxLength: context,
    }),
    "generation_config.json": `${JSON.stringify({ ...generation, max_length: context }, null, 2)}\n`,
  };
}

/** Ids of special tokens for config.json. */
function specialIds(tokenizer: Tokenizer): Record<string, number> {
  return {
    bos_token_id: tokenizer.specialId("<|bos|>"),
    eos_token_id: tokenizer.specialId("<|eos|>"),
    pad_token_id: tokenizer.specialId("<|pad|>"),
  };
}

/** Saves a step. The copy is taken at the call; writing goes on beside the training. */
export function saveRun(
  out: string,
  step: number,
  tokenizer: Tokenizer,
  { model, optimizer }: { model: Decoder; optimizer: AdamW },
  state: RunState,
): Promise<void> {
  const files = companions(tokenizer, model.config.maxPositions);
  const run = { model, optimizer, state: state as unknown as Record<string, unknown> };
  return saveTraining(join(out, "checkpoints"), step, run, { files, config: specialIds(tokenizer) });
}

/** Writes the finished model as a folder that other programs read, too. */
export function writeResult(folder: string, tokenizer: Tokenizer, model: Decoder): Promise<void> {
  const files = companions(tokenizer, model.config.maxPositions);
  return writeModel(folder, model, { files, config: specialIds(tokenizer) });
}
