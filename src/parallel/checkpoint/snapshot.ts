/**
 * What a rank has of a model and its optimizer, copied at the moment of the call: training goes on while the copy is
 * written, and changes nothing in it. On the host, tensors of the device are one memory with what is written from, so
 * without a copy a file would hold the weights of one step and the moments of another.
 */
import { type DType, sizeOf } from "../../device/index.ts";
import { fileDTypes, layOutSafetensors, type TensorForm } from "../../models/files/safetensors.ts";
import type { Optimizer, Parameter, ParameterTree } from "../../nn/index.ts";
import { rawOf, sameShape, type Tensor, type TensorDevice } from "../../tensor/index.ts";
import type { Box } from "./box.ts";
import { tensorKey } from "./index-file.ts";
import type { Holding, PlannedParameter } from "./plan.ts";

/** Bytes that are read from the device at once. */
const PIECE = 16 * 1024 * 1024;

/** What belongs to a run and lies on ranks. */
export interface Trained {
  readonly model: ParameterTree;
  /** Without one, weights only. */
  readonly optimizer?: Pick<Optimizer<{ readonly lr: number }>, "stateOf" | "setState" | "keeps">;
}

/** Copies of all that a rank has. */
export interface Snapshot {
  readonly holdings: readonly Holding[];
  /** By their keys in a file. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Frees the copies. */
  dispose(): void;
}

/** Which box of its whole a parameter is; null for none of it. Padding is not a part of it. */
export function boxOf({ part, shape, size }: Parameter): Box | null {
  if (size === 0) return null;
  // A scalar that is shared out lies in a row of one.
  return part.shape.length === 0 ? { from: [], shape: [] } : { from: part.from, shape };
}

/**
 * Takes the copy. In stream order: what is launched after it does not change it.
 * @throws Error for a parameter without values; RangeError for moments of another shape; OutOfMemoryError.
 */
export function takeSnapshot({ model, optimizer }: Trained): Snapshot {
  const tensors = new Map<string, Tensor>();
  const dispose = (): void => {
    for (const tensor of tensors.values()) tensor.dispose();
    tensors.clear();
  };
  try {
    const holdings = [...model.namedParameters()].map(([name, parameter]): Holding => {
      if (parameter.isMeta)
        throw new Error(`${name} has no values yet, which could be saved. Load or initialize it first.`);
      const box = boxOf(parameter);
      const state = optimizer?.stateOf(parameter);
      for (const [key, tensor] of Object.entries(state?.tensors ?? {})) {
        if (!sameShape(tensor.shape, parameter.shape))
          throw new RangeError(
            `${name} is [${parameter.shape}] now, and its ${key} [${tensor.shape}]. Save between steps, outside of whole().`,
          );
        if (box) tensors.set(tensorKey(name, key), copyOf(tensor));
      }
      if (box) tensors.set(tensorKey(name), copyOf(parameter));
      const kept = state && { step: state.step, tensors: Object.keys(state.tensors) };
      return { name, dtype: parameter.dtype, whole: parameter.part.shape, box, state: kept ?? null };
    });
    return { holdings, tensors, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** The file of a rank: its boxes of the plan. Undefined where it has none to write. */
export function shardOf(
  plan: readonly PlannedParameter[],
  rank: number,
  { tensors }: Snapshot,
): { readonly size: number; readonly chunks: AsyncIterable<Uint8Array> } | undefined {
  const forms: TensorForm[] = [];
  const add = (name: string, dtype: DType, { shape }: Box): void =>
    void forms.push({ name, dtype: fileDTypes[dtype], shape });
  for (const { name, dtype, state, boxes } of plan) {
    const own = boxes.find((box) => box.rank === rank);
    if (!own) continue;
    add(tensorKey(name), dtype, own);
    for (const key of state?.tensors ?? []) add(tensorKey(name, key), "f32", own);
  }
  if (forms.length === 0) return undefined;
  const { header, tensors: places, size } = layOutSafetensors(forms);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield header;
    for (const { name } of places) yield* bytesOf(tensors.get(name) as Tensor);
  }
  return { size, chunks: chunks() };
}

async function* bytesOf(tensor: Tensor): AsyncGenerator<Uint8Array> {
  const { buffer, offset } = tensor.ref();
  const bytes = tensor.size * sizeOf(tensor.dtype);
  for (let at = 0; at < bytes; at += PIECE)
    yield await rawOf(tensor.device as TensorDevice).read({ buffer, offset: offset + at }, Math.min(PIECE, bytes - at));
}

function copyOf(tensor: Tensor): Tensor {
  const device = tensor.device as TensorDevice;
  return device.noGrad(() => device.unscoped(() => device.withTag("scratch", () => tensor.clone())));
}
