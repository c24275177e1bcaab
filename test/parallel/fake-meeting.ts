/** Ranks of one thread that meet, and a model that is cut by hand: for files, disks and their failures, without a job. */
import { MemorySource, type ModelFiles } from "../../src/models/index.ts";
import { AdamW, Module, Parameter } from "../../src/nn/index.ts";
import type { Meeting } from "../../src/parallel/checkpoint/agree.ts";
import type { Tensor, TensorDevice } from "../../src/tensor/index.ts";
import type { FakeFiles } from "../models/fake-files.ts";

/** As many ranks as are asked for, each of which awaits its own calls one after the other. */
export function meet(size: number): Meeting[] {
  const rounds: { values: string[]; all: Promise<void>; done: () => void }[] = [];
  return Array.from({ length: size }, (_, rank): Meeting => {
    let next = 0;
    return {
      rank,
      size,
      async allGatherObject<V>(value: V): Promise<V[]> {
        let round = rounds[next++];
        if (!round) {
          let done = (): void => {};
          const all = new Promise<void>((resolve) => (done = resolve));
          rounds.push((round = { values: [], all, done }));
        }
        round.values[rank] = JSON.stringify(value);
        if (Object.keys(round.values).length === size) round.done();
        await round.all;
        return round.values.map((text) => JSON.parse(text) as V);
      },
    };
  });
}

/** Rows that ranks share out, and a vector that all have. */
export class Small extends Module {
  readonly rows: Parameter;
  readonly bias: Parameter;

  constructor(device: TensorDevice, shape: readonly number[] = [5, 2]) {
    super(device);
    this.rows = new Parameter(device, shape);
    this.bias = new Parameter(device, [3]);
  }

  forward(x: Tensor): Tensor {
    return x;
  }
}

/** A rank's part of the model, ⌈rows / ranks⌉ rows each, and its optimizer. */
export function smallOn(device: TensorDevice, rank: number, ranks: number, shape: readonly number[] = [5, 2]) {
  const model = new Small(device, shape);
  const { rows } = model;
  const [all, step] = [shape[0], Math.ceil(shape[0] / ranks)];
  const [from, to] = [Math.min(all, rank * step), Math.min(all, (rank + 1) * step)];
  const own = device.unscoped(() => device.noGrad(() => rows.slice(0, from, to).contiguous()));
  rows.lieIn(own.storage.retain(), own.shape);
  own.dispose();
  rows.describe({ from: [from, 0], axes: ["dp"] });
  return { model, optimizer: new AdamW(model.parameters()) };
}

/** Makes every element of a rank's part say the same number: parameters, moments, and counts of steps. */
export function fillWith(device: TensorDevice, { model, optimizer }: ReturnType<typeof smallOn>, value: number): void {
  device.noGrad(() => {
    for (const parameter of model.parameters()) {
      if (parameter.size > 0) parameter.fill_(value);
      const make = (): Tensor => device.unscoped(() => device.full([...parameter.shape], value));
      optimizer.setState(parameter, { step: value, tensors: { first: make(), second: make() } });
    }
  });
}

/** The numbers that a rank's part says. */
export async function saidBy({ model, optimizer }: ReturnType<typeof smallOn>): Promise<Set<number>> {
  const said = new Set<number>();
  for (const parameter of model.parameters()) {
    const state = optimizer.stateOf(parameter);
    said.add(state?.step ?? -1);
    const tensors: Tensor[] = [parameter, ...Object.values(state?.tensors ?? {})];
    for (const tensor of tensors) for (const value of tensor.size > 0 ? await tensor.data() : []) said.add(value);
  }
  return said;
}

/** A folder of a fake disk. */
export function fakeFolder(system: FakeFiles, folder: string): ModelFiles {
  return {
    name: folder,
    async open(name) {
      const path = `${folder}/${name}`;
      return (await system.stat(path)) ? new MemorySource(path, await system.readAll(path)) : undefined;
    },
  };
}
