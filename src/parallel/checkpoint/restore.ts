/**
 * A sharded checkpoint into a model on any layout: each rank reads what its own boxes have in common with the stored ones.
 * Nothing of a model or an optimizer is changed before every rank has found all that it needs, with the right shapes.
 */
import { sizeOf } from "../../device/index.ts";
import { type ModelFiles, readSmallOf } from "../../models/files/model-files.ts";
import type { JsonObject } from "../../models/files/strict-json.ts";
import type { Parameter } from "../../nn/index.ts";
import { rawOf, sameShape, type Tensor, type TensorDevice } from "../../tensor/index.ts";
import { agree, type Meeting } from "./agree.ts";
import { type Box, problemOf } from "./box.ts";
import { type CheckpointIndex, INDEX, MOST_INDEX, readIndex, type StoredParameter } from "./index-file.ts";
import { type Place, readBox, ShardFiles } from "./shard-files.ts";
import { boxOf, type Trained } from "./snapshot.ts";

/** Where a run stood. */
export interface Restored {
  readonly step: number;
  /** As it was saved; the same on every rank, whatever their number. */
  readonly state: JsonObject;
}

/** A tensor of this rank, and where the parts of it are stored. */
interface Filling {
  readonly box: Box;
  readonly places: readonly Place[];
  readonly tensor: () => Tensor;
}

/**
 * Reads a checkpoint. All ranks of the group call it, each with what it has of the model.
 * @throws RangeError for a checkpoint of another model or optimizer, or files that are malformed, truncated or contradict
 *   the index: the model is unchanged. Error for files that are missing, and on ranks whose own part was right while
 *   another's was not. Error for a disk that fails while tensors are read: then the weights are undefined.
 */
export async function restoreShards(group: Meeting, files: ModelFiles, trained: Trained): Promise<Restored> {
  const shards = new ShardFiles(files);
  try {
    return await restoreFrom(group, files, shards, trained);
  } finally {
    await shards.close();
  }
}

/** Reads the index of a checkpoint. @throws Error where there is none. */
export async function openIndex(files: ModelFiles): Promise<{ index: CheckpointIndex; path: string }> {
  const found = await readSmallOf(files, INDEX, MOST_INDEX);
  if (!found) throw new Error(`${files.name} has no ${INDEX}: it is no sharded checkpoint, or is not whole.`);
  return { index: readIndex(found.path, found.bytes), path: found.path };
}

async function restoreFrom(
  group: Meeting,
  files: ModelFiles,
  shards: ShardFiles,
  { model, optimizer }: Trained,
): Promise<Restored> {
  const parameters = model.namedParameters();
  const device = parameters.values().next().value?.device as TensorDevice;
  const states = new Map<Parameter, { step: number; tensors: Record<string, Tensor> }>();
  const fillings: Filling[] = [];
  let opened: { index: CheckpointIndex; path: string } | undefined;
  const lacking = await agree(group, async () => {
    opened = await openIndex(files);
    const { index, path } = opened;
    if (optimizer && !index.hasOptimizer)
      throw new RangeError(`${path} has weights only. Restore it without an optimizer, which begins anew then.`);
    for (const [name, parameter] of parameters) {
      const stored = index.parameters.get(name);
      if (!stored) throw new RangeError(`${path} has no parameter ${JSON.stringify(name)}: it is of another model.`);
      checkFit(path, stored, parameter);
      const kept = optimizer && stored.state ? checkKept(path, stored, parameter, optimizer) : [];
      const box = boxOf(parameter);
      if (!box) continue;
      const problem = problemOf(box, stored.shape);
      if (problem)
        throw new RangeError(`${name}: its part ${problem}. It is gathered now; load it outside of whole().`);
      fillings.push({ box, places: await shards.places(stored, box), tensor: () => parameter });
      for (const key of kept) {
        const tensor = (): Tensor => states.get(parameter)?.tensors[key] as Tensor;
        fillings.push({ box, places: await shards.places(stored, box, key), tensor });
      }
    }
    return [...index.parameters.keys()].filter((name) => !parameters.has(name));
  });
  const { index, path } = opened as { index: CheckpointIndex; path: string };
  const nobodys = lacking.reduce((all, each) => all.filter((name) => each.includes(name)));
  if (nobodys.length > 0)
    throw new RangeError(`${path} has parameter ${JSON.stringify(nobodys[0])}, which no rank's model has.`);
  try {
    await agree(group, async () => {
      for (const [name, parameter] of optimizer ? parameters : []) {
        const state = index.parameters.get(name)?.state;
        if (state) states.set(parameter, { step: state.step, tensors: momentsFor(device, parameter, state.tensors) });
      }
      for (const parameter of parameters.values())
        if (parameter.isMeta) parameter.storage.resize(parameter.size * sizeOf(parameter.dtype));
      for (const { box, places, tensor } of fillings) await fill(tensor(), box, places);
      // Whoever keeps what it has gathered learns of new values, also a rank with none of these rows.
      for (const { storage } of parameters.values()) if (storage.bytes > 0) storage.buffer.wrote();
    });
  } catch (error) {
    for (const { tensors } of states.values()) for (const tensor of Object.values(tensors)) tensor.dispose();
    throw error;
  }
  for (const parameter of optimizer ? parameters.values() : []) optimizer?.setState(parameter, states.get(parameter));
  return { step: index.step, state: index.state };
}

function checkFit(path: string, { name, dtype, shape }: StoredParameter, { part, dtype: own }: Parameter): void {
  if (!sameShape(part.shape, shape))
    throw new RangeError(
      `${path}: ${JSON.stringify(name)} is [${shape.join(", ")}], and in this model [${part.shape.join(", ")}].`,
    );
  if (dtype !== own)
    throw new RangeError(
      `${path}: ${JSON.stringify(name)} is ${dtype}, and in this model ${own}. Make the model in the dtype that it was trained in.`,
    );
}

/** What is kept for a parameter, which has to be what the optimizer asks for. */
function checkKept(
  path: string,
  { name, state }: StoredParameter,
  parameter: Parameter,
  optimizer: NonNullable<Trained["optimizer"]>,
): readonly string[] {
  const [stored, wanted] = [state?.tensors ?? [], optimizer.keeps(parameter)];
  if (!wanted)
    throw new RangeError(`${path} has moments of ${JSON.stringify(name)}, which this optimizer does not move.`);
  if (stored.toSorted().join() !== wanted.toSorted().join())
    throw new RangeError(
      `${path}: for ${JSON.stringify(name)}, ${stored.join(", ") || "nothing"} was kept, and this optimizer keeps ${wanted.join(", ") || "nothing"}.`,
    );
  return stored;
}

/** Tensors of a parameter's own shape, also where that is empty. */
function momentsFor(device: TensorDevice, { shape }: Parameter, names: readonly string[]): Record<string, Tensor> {
  return device.noGrad(() =>
    device.unscoped(() =>
      Object.fromEntries(names.map((name) => [name, device.empty([...shape], "f32", "optimizer")])),
    ),
  );
}

async function fill(tensor: Tensor, box: Box, places: readonly Place[]): Promise<void> {
  const { buffer, offset } = tensor.ref();
  const raw = rawOf(tensor.device as TensorDevice);
  await readBox(box, tensor.dtype, places, (at, bytes) => raw.write({ buffer, offset: offset + at }, bytes));
}
