/**
 * The index of a sharded checkpoint: which parameters the whole has, in which files their boxes lie, and where the run
 * stands. It is written last, so a folder that has one is whole. A file that comes from elsewhere is believed only after
 * every check that needs no other file.
 */
import type { DType } from "../../device/index.ts";
import { type JsonObject, type JsonValue, parseStrictJson } from "../../models/files/strict-json.ts";
import { sizeOfShape } from "../../tensor/index.ts";
import { type Box, boxText, coverProblem, problemOf } from "./box.ts";
import type { PlannedParameter, StoredState } from "./plan.ts";

/** The file's name. */
export const INDEX = "sharded.json";
/** Most bytes of it: a hundred thousand parameters over some dozens of ranks. */
export const MOST_INDEX = 512 * 1024 * 1024;
const FORMAT = "worldsize-sharded-checkpoint";
const VERSION = 1;
/** Dtypes that parameters have. */
const dtypes: readonly DType[] = ["f32", "f16", "bf16"];

/** A box, and the file of this folder that holds it. */
export interface StoredBox extends Box {
  readonly file: string;
}

/** A parameter that is stored. */
export interface StoredParameter extends Omit<PlannedParameter, "boxes"> {
  readonly boxes: readonly StoredBox[];
}

/** What an index says. */
export interface CheckpointIndex {
  readonly step: number;
  /** Whether it holds what an optimizer keeps, or weights only. */
  readonly hasOptimizer: boolean;
  /** Whether config.json of a model lies beside it. */
  readonly hasConfig: boolean;
  /** Names of files that go with the model, such as tokenizer.json. */
  readonly files: readonly string[];
  /** What the run said of itself. */
  readonly state: JsonObject;
  readonly parameters: ReadonlyMap<string, StoredParameter>;
}

/** The file in which a rank writes its boxes. */
export function shardName(rank: number): string {
  return `rank-${String(rank).padStart(5, "0")}.safetensors`;
}

/** What a box of a tensor is called in its file. @param kept what an optimizer keeps, such as `first`; undefined for the parameter. */
export function tensorKey(name: string, kept?: string): string {
  return kept === undefined ? name : `${name}/${kept}`;
}

/** What is written besides the parameters. */
export type IndexHead = Omit<CheckpointIndex, "state" | "parameters"> & {
  /** JSON of an object. */
  readonly state: string;
};

/** The text of an index. */
export function writeIndex(head: IndexHead, parameters: readonly PlannedParameter[]): string {
  const { step, hasOptimizer, hasConfig, files, state } = head;
  const said = { format: FORMAT, version: VERSION, step, hasOptimizer, hasConfig, files };
  const table = Object.create(null) as Record<string, unknown>;
  for (const { name, dtype, shape, state: kept, boxes } of parameters) {
    const places = boxes.map(({ rank, from, shape: length }) => ({ file: shardName(rank), from, shape: length }));
    table[name] = { dtype, shape, state: kept, boxes: places };
  }
  return `${JSON.stringify(said).slice(0, -1)},"state":${state},\n"parameters":${JSON.stringify(table)}}\n`;
}

/**
 * Reads and checks an index. @param path what messages call it.
 * @throws RangeError for what is no such file, or contradicts itself: with parameter, box and both numbers.
 */
export function readIndex(path: string, bytes: Uint8Array): CheckpointIndex {
  const fail = (problem: string): never => {
    throw new RangeError(`${path}: ${problem}.`);
  };
  const json = parseStrictJson(path, bytes);
  if (!isObject(json) || json.format !== FORMAT) return fail("is no index of a sharded checkpoint");
  if (json.version !== VERSION) fail(`has version ${quoted(json.version)}; version ${VERSION} is read`);
  const { step, hasOptimizer, hasConfig, files, state, parameters } = json;
  if (!isCount(step)) return fail(`its step is ${quoted(step)}, expected a whole number from 0 on`);
  if (typeof hasOptimizer !== "boolean" || typeof hasConfig !== "boolean")
    return fail("hasOptimizer and hasConfig have to be true or false");
  if (!Array.isArray(files) || !files.every(isPlainName)) return fail("files is no list of names without folders");
  if (!isObject(state)) return fail("state is no object");
  if (!isObject(parameters)) return fail("parameters is no object");
  const table = new Map<string, StoredParameter>();
  for (const name of Object.keys(parameters)) table.set(name, parameterOf(path, name, parameters[name], hasOptimizer));
  if (table.size === 0) fail("lists no parameters");
  return { step, hasOptimizer, hasConfig, files, state, parameters: table };
}

function parameterOf(path: string, name: string, value: JsonValue, hasOptimizer: boolean): StoredParameter {
  const fail = (problem: string): never => {
    throw new RangeError(`${path}: ${quoted(name)} ${problem}.`);
  };
  const { dtype, shape, state, boxes } = isObject(value) ? value : fail("is described by no object");
  if (!dtypes.includes(dtype as DType)) fail(`has the dtype ${quoted(dtype)}; parameters are ${dtypes.join(", ")}`);
  if (!isCounts(shape)) return fail(`has the shape ${quoted(shape)}, expected a list of whole numbers from 0 on`);
  if (!isCountable(shape)) fail(`has the shape ${quoted(shape)}, more than can be counted`);
  if (!Array.isArray(boxes)) return fail("has no list of boxes");
  const files = new Set<string>();
  const found = boxes.map((box): StoredBox => {
    if (!isObject(box) || !isCounts(box.from) || !isCounts(box.shape))
      return fail(`has the box ${quoted(box)}, expected { file, from, shape }`);
    const { file, from, shape: length } = box;
    if (!isPlainName(file) || !file.endsWith(".safetensors"))
      return fail(`has a box in ${quoted(file)}, expected a safetensors file of this folder`);
    if (files.has(file)) fail(`has two boxes in ${file}, which can hold one of a name`);
    files.add(file);
    const problem = problemOf({ from, shape: length }, shape);
    if (problem) fail(`has a box in ${file} that ${problem}`);
    if (length.some((size) => size === 0)) fail(`has the empty box ${boxText({ from, shape: length })} in ${file}`);
    return { file, from, shape: length };
  });
  const problem = coverProblem(found, shape);
  if (problem) fail(`[${shape.join(", ")}]: ${problem}`);
  if (state !== null && !hasOptimizer) fail("has a state, where weights only are said to be stored");
  return { name, dtype: dtype as DType, shape, state: state === null ? null : stateOf(state, fail), boxes: found };
}

function stateOf(value: JsonValue | undefined, fail: (problem: string) => never): StoredState {
  const { step, tensors } = isObject(value)
    ? value
    : fail(`has the state ${quoted(value)}, expected { step, tensors }`);
  if (!isCount(step)) return fail(`took ${quoted(step)} steps, which is not a count`);
  const isName = (each: JsonValue): each is string => typeof each === "string" && /^\w+$/.test(each);
  if (!Array.isArray(tensors) || !tensors.every(isName) || new Set(tensors).size !== tensors.length)
    return fail(`keeps ${quoted(tensors)}, expected a list of names`);
  return { step, tensors };
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: JsonValue | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isCounts(value: JsonValue | undefined): value is readonly number[] {
  return Array.isArray(value) && value.every(isCount);
}

/** Whether bytes of it can be counted, also where a later size is 0. */
function isCountable(shape: readonly number[]): boolean {
  return Number.isSafeInteger(4 * sizeOfShape(shape.map((size) => Math.max(1, size))));
}

/** A name in this folder, and nothing that leads out of it. */
function isPlainName(value: JsonValue | undefined): value is string {
  return typeof value === "string" && value !== "" && value !== "." && value !== ".." && !/[/\\\0]/.test(value);
}

function quoted(value: JsonValue | undefined): string {
  const text = JSON.stringify(value) ?? "missing";
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
