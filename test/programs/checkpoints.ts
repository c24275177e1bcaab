/**
 * A model whose elements say which ones they are, on a layout of choice: saved, and changed at once; or loaded, and every
 * element of every rank compared with what it has to be.
 */
import {
  AdamW,
  choice,
  defineScript,
  Module,
  Parameter,
  string,
  type Tensor,
  type TensorDevice,
  tapeOf,
} from "worldsize";
import { ShardedCheckpoints } from "worldsize/files";
import { DistributedDataParallel, FullyShardedDataParallel, Mesh, type MeshShape } from "worldsize/parallel";

type DType = "f32" | "bf16";

/** Parameters of shapes that few numbers of ranks divide. */
class Part extends Module {
  readonly rows: Parameter;
  readonly vector: Parameter;
  readonly wide: Parameter;
  readonly heads: Parameter;
  readonly one: Parameter;

  constructor(device: TensorDevice, dtype: DType, n: number) {
    super(device);
    this.rows = new Parameter(device, [7 + n, 3], { dtype });
    this.vector = new Parameter(device, [5 + 2 * n], { dtype });
    this.wide = new Parameter(device, [2, 11 + n], { dtype });
    this.heads = new Parameter(device, [4 + n, 6], { dtype });
    this.one = new Parameter(device, [1, 2, 2], { dtype });
  }

  forward(x: Tensor): Tensor {
    return x;
  }
}

class Whole extends Module {
  readonly parts: readonly Part[];
  readonly scale: Parameter;
  readonly unused: Parameter;

  constructor(device: TensorDevice, dtype: DType) {
    super(device);
    this.parts = [0, 1, 2].map((n) => new Part(device, dtype, n));
    this.scale = new Parameter(device, [], { dtype });
    this.unused = new Parameter(device, [3, 2], { dtype });
  }

  forward(x: Tensor): Tensor {
    return x;
  }
}

/** Columns of a parameter, by hand: this rank's share of them. Heads are fewer than ranks: two have the same. */
function cutColumns(device: TensorDevice, model: Whole, size: number, rank: number): void {
  for (const [name, parameter] of model.namedParameters()) {
    if (parameter.shape.length !== 2) continue;
    const copies = name.endsWith("heads") && size > 1 ? 2 : 1;
    const [shares, share] = [Math.ceil(size / copies), Math.floor(rank / copies)];
    const columns = parameter.shape[1];
    const step = Math.ceil(columns / shares);
    const [from, to] = [Math.min(columns, share * step), Math.min(columns, (share + 1) * step)];
    const own = device.unscoped(() => device.noGrad(() => parameter.slice(1, from, to).contiguous()));
    parameter.lieIn(own.storage.retain(), own.shape);
    parameter.describe({ from: [0, from], axes: ["tp"], copies });
    tapeOf(device).shapeGrad(parameter, own.shape);
    own.dispose();
  }
}

/** The values of a box: numbers of elements in the whole, and of what they are, that bf16 holds too. */
function valuesOf(parameter: Parameter, salt: number, dtype: string, isWhole = false): number[] {
  const { shape: whole } = parameter.part;
  const from = isWhole ? whole.map(() => 0) : parameter.part.from;
  const shape = whole.length === 0 ? (parameter.size === 0 ? [0] : []) : parameter.shape;
  let numbers = shape.some((size) => size === 0) ? [] : [0];
  for (const [axis, size] of shape.entries()) {
    numbers = numbers.flatMap((number) =>
      Array.from({ length: size }, (_, i) => number * whole[axis] + from[axis] + i),
    );
  }
  const value = (i: number): number => (i * 37 + salt * 11) % 251;
  return numbers.map((i) => (dtype === "bf16" ? value(i) : Math.fround(value(i) + 1 / (3 + i + salt))));
}

export default defineScript({
  about: "Saves and loads a model whose elements are known.",
  options: {
    mode: choice("save", ["save", "load"] as const, "what is done"),
    layout: choice(
      "ddp",
      ["ddp", "zero1", "zero2", "fsdp", "hsdp", "columns", "columns-fsdp"] as const,
      "who has what",
    ),
    dtype: choice("f32", ["f32", "bf16"] as const, "of parameters"),
    folder: string("", "of the checkpoints"),
  },
  async main({ world, device, options, show }) {
    const { mode, layout, dtype, folder } = options;
    const model = new Whole(device, dtype);
    const optimizer = new AdamW(model.parameters(), { lr: 0.01 });
    const shape: MeshShape =
      layout === "hsdp"
        ? { copies: 2, dp: world.size / 2 }
        : layout === "columns-fsdp"
          ? { dp: world.size / 2, tp: 2 }
          : { dp: world.size }; // prettier-ignore
    const mesh = await Mesh.create(world, shape);
    if (layout === "columns") cutColumns(device, model, world.size, world.rank);
    if (layout === "columns-fsdp") cutColumns(device, model, 2, mesh.coordinate("tp"));
    let sharded: FullyShardedDataParallel | undefined;
    if (layout === "ddp") await DistributedDataParallel.wrap(model, world);
    else if (layout !== "columns") {
      const replicate = layout === "hsdp" ? { mesh, axes: ["copies"] } : undefined;
      const stage = layout === "zero1" ? 1 : layout === "zero2" ? 2 : 3;
      sharded = await FullyShardedDataParallel.wrap(
        model,
        { mesh, axes: ["dp"] },
        { units: model.parts, stage, replicate },
      );
    }
    const moments = dtype === "f32" ? ["first", "second"] : ["first", "second", "master"];
    const named = [...model.namedParameters()];
    const checkpoints = await ShardedCheckpoints.open(world, folder);
    if (mode === "save") {
      for (const [n, [name, parameter]] of named.entries()) {
        const make = (salt: number, as: "f32" | "bf16"): Tensor =>
          device.unscoped(() => device.from(valuesOf(parameter, salt, as), [...parameter.shape], as));
        if (parameter.size > 0) device.noGrad(() => parameter.copy_(make(n, dtype)));
        const tensors = Object.fromEntries(moments.map((key, k) => [key, make(100 * (k + 1) + n, "f32")]));
        if (name !== "unused") optimizer.setState(parameter, { step: n + 1, tensors });
      }
      const state = { epoch: 1, samples: [12, 3], text: "ü" };
      const saving = checkpoints.save(7, { model, optimizer, state });
      // What comes after the call is not in it, and messages of the training and of the save do not meet.
      state.epoch = 2;
      for (const [, parameter] of named) {
        device.noGrad(() => parameter.fill_(2));
        for (const tensor of Object.values(optimizer.stateOf(parameter)?.tensors ?? {})) tensor.fill_(2);
      }
      const ones = device.ones([100]);
      for (let i = 0; i < 3; i++) await world.allReduce(ones);
      const { step, folder: path } = await saving;
      show.row({ step, path, bytes: device.memoryStats().allocated.current });
      return;
    }
    const found = await checkpoints.latest();
    if (!found) throw new Error("There is no checkpoint.");
    const { step, state } = await checkpoints.restore(found, { model, optimizer });
    let [wrong, checked, steps] = [0, 0, 0];
    const compare = async (tensor: Tensor | undefined, expected: readonly number[]): Promise<void> => {
      const values = tensor && tensor.size > 0 ? await tensor.data() : [];
      checked += expected.length;
      if (values.length !== expected.length) wrong += 1000;
      for (const [i, value] of expected.entries()) if (values[i] !== value) wrong++;
    };
    for (const [n, [name, parameter]] of named.entries()) {
      const kept = optimizer.stateOf(parameter);
      await compare(parameter, valuesOf(parameter, n, dtype));
      if (name === "unused") {
        if (kept) wrong += 1000;
        continue;
      }
      steps += Number(kept?.step === n + 1);
      for (const [k, key] of moments.entries())
        await compare(kept?.tensors[key], valuesOf(parameter, 100 * (k + 1) + n, "f32"));
      if (Object.keys(kept?.tensors ?? {}).length !== moments.length) wrong += 1000;
    }
    const own = checked;
    // What is gathered from now on is new, too, also by ranks that had nothing to read.
    if (sharded && layout !== "columns-fsdp") {
      await sharded.whole(async () => {
        for (const [n, [, parameter]] of named.entries()) await compare(parameter, valuesOf(parameter, n, dtype, true));
      });
    }
    await device.synchronize();
    await world.barrier();
    show.row({ step, state: JSON.stringify(state), wrong, checked: own, steps });
  },
});
