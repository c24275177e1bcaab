/** Other people's mistakes with gradients over ranks (cases 5 to 8 and 10), each as its smallest model. */
import {
  AdamW,
  choice,
  defineScript,
  Embedding,
  Module,
  Parameter,
  recompute,
  SGD,
  type Tensor,
  type TensorDevice,
} from "worldsize";
import { DistributedDataParallel, FullyShardedDataParallel } from "worldsize/parallel";

/** Scalars, of which a call uses those that it is told to: Σ parameter · x. */
class Scalars extends Module<[use: readonly string[], x: number]> {
  readonly a: Parameter;
  readonly b: Parameter;
  readonly c: Parameter;

  constructor(device: TensorDevice) {
    super(device);
    [this.a, this.b, this.c] = [0, 1, 2].map(() => new Parameter(device, [1], { init: { kind: "ones" } }));
  }

  forward(use: readonly string[], x: number): Tensor {
    return use.map((name) => this[name as "a" | "b" | "c"].mul(x)).reduce((sum, each) => sum.add(each));
  }
}

/** y = (x · w) · w, plainly or with a part computed again. */
class Twice extends Module<[x: number, again: number]> {
  readonly w: Parameter;

  constructor(device: TensorDevice) {
    super(device);
    this.w = new Parameter(device, [1], { init: { kind: "ones" } });
  }

  forward(x: number, again: number): Tensor {
    const { device } = this;
    const once = (y: Tensor): Tensor => y.mul(this.w);
    const first = again > 0 ? recompute(device, once, [device.full([1], x)]) : once(device.full([1], x));
    const inner = (y: Tensor): Tensor => recompute(device, once, [y]);
    if (again > 1) return recompute(device, inner, [first]);
    return once(first);
  }
}

/** A table that is looked up, and is the head, too. */
class Tied extends Module<[index: Tensor]> {
  readonly embed: Embedding;
  readonly head: Embedding;

  constructor(device: TensorDevice, rows: number) {
    super(device);
    this.embed = new Embedding(device, rows, 2);
    this.head = this.embed;
  }

  forward(index: Tensor): Tensor {
    return this.embed.call(index).matmul(this.head.weight.transpose());
  }
}

/** Leaves NaN in memory that is free, so that nothing may be read there before it is written. */
function poison(device: TensorDevice): void {
  device.scope(() => {
    for (const size of [8, 16, 64, 256, 1024, 4096]) for (let i = 0; i < 8; i++) device.full([size], Number.NaN);
    return undefined;
  });
}

const cases = [
  "micro",
  "sum",
  "unused",
  "elsewhere",
  "twice",
  "tied",
  "optimizer",
  "frozen",
  "two-backwards",
  "changing",
  "apart",
  "view",
  "early",
] as const;

export default defineScript({
  about: "Small models whose gradients are known.",
  options: {
    case: choice("micro", cases, "which"),
    kind: choice("ddp", ["ddp", "zero1", "zero2", "fsdp"] as const, "strategy"),
  },
  async main({ world, device, options, show }) {
    const { kind } = options;
    const { rank } = world;
    poison(device);
    const wrap = (model: Module<never[], Tensor>, average = false) => {
      if (kind === "ddp") return DistributedDataParallel.wrap(model, world, { average });
      return FullyShardedDataParallel.wrap(model, world, { stage: kind === "zero1" ? 1 : kind === "zero2" ? 2 : 3 });
    };
    /** Own rows of a gradient, or null. */
    const gradOf = async ({ grad }: Tensor): Promise<string> => JSON.stringify(grad && (await grad.toArray()));
    const x = [1, 3, 5, 7, 9][rank];
    const backward = (y: Tensor): void => {
      y.sum().backward();
    };

    if (options.case === "micro" || options.case === "sum") {
      const model = new Scalars(device);
      const wrapped = await wrap(model as never, options.case === "micro");
      wrapped.noSync(() => device.scope(() => void backward(model.call(["a", "c"], x))));
      device.scope(() => void backward(model.call(["b", "c"], 2 * x)));
      await wrapped.synchronize();
      show.row({ a: await gradOf(model.a), b: await gradOf(model.b), c: await gradOf(model.c) });
    }
    if (options.case === "unused" || options.case === "elsewhere") {
      const model = new Scalars(device);
      const wrapped = await wrap(model as never);
      const optimizer = new AdamW(model.parameters(), { lr: 0.1, weightDecay: 0.1 });
      const use = options.case === "unused" || rank !== world.size - 1 ? ["a"] : ["a", "b"];
      device.scope(() => void backward(model.call(use, x)));
      await wrapped.synchronize();
      const gradients = { a: await gradOf(model.a), b: await gradOf(model.b), c: await gradOf(model.c) };
      optimizer.step();
      show.row({ ...gradients, weight: JSON.stringify(await model.c.toArray()) });
    }
    if (options.case === "twice") {
      for (const again of [0, 1, 2]) {
        const model = new Twice(device);
        device.noGrad(() => model.w.fill_(3));
        let fired = 0;
        model.w.registerPostAccumulateGradHook(() => void fired++);
        const wrapped = await wrap(model as never, true);
        device.scope(() => void backward(model.call(2, again)));
        await wrapped.synchronize();
        show.row({ again, fired, w: await gradOf(model.w) });
      }
    }
    if (options.case === "tied") {
      const model = new Tied(device, 5);
      device.noGrad(() => model.embed.weight.fill_(1));
      const wrapped = await wrap(model as never);
      const optimizer = new SGD(model.parameters(), { lr: 1 });
      device.scope(() => void backward(model.call(device.tensor([rank % 5, 4], "i32"))));
      await wrapped.synchronize();
      optimizer.step();
      show.row({ from: model.embed.weight.part.from[0], rows: JSON.stringify(await model.embed.weight.toArray()) });
    }
    if (options.case === "optimizer") {
      const model = new Scalars(device);
      const before = new SGD([model.a], { lr: 1 });
      const wrapped = await wrap(model as never);
      const after = new SGD([model.b], { lr: 1 });
      device.noGrad(() => device.scope(() => void model.call(["a", "b", "c"], 1)));
      const late = new SGD([model.c], { lr: 1 });
      device.scope(() => void backward(model.call(["a", "b", "c"], 1)));
      await wrapped.synchronize();
      for (const optimizer of [before, after, late]) optimizer.step();
      const seen = device.noGrad(() => model.call(["a", "b", "c"], 1));
      show.row({ sum: await seen.item() });
    }
    if (options.case === "frozen") {
      const model = new Scalars(device);
      model.b.requiresGrad_(false);
      const wrapped = await wrap(model as never);
      device.scope(() => void backward(model.call(["a", "b", "c"], 1)));
      await wrapped.synchronize();
      show.row({ a: await gradOf(model.a), b: await gradOf(model.b), c: await gradOf(model.c) });
    }
    if (options.case === "two-backwards") {
      const model = new Scalars(device);
      const wrapped = await wrap(model as never);
      for (const factor of [1, 10]) device.scope(() => void backward(model.call(["a", "b"], factor * x)));
      await wrapped.synchronize();
      show.row({ a: await gradOf(model.a), b: await gradOf(model.b), c: await gradOf(model.c) });
    }
    if (options.case === "changing") {
      const model = new Scalars(device);
      const wrapped = await wrap(model as never);
      for (const use of [["a", "b", "c"], rank === world.size - 1 ? ["a", "b"] : ["a"]]) {
        for (const parameter of model.parameters()) parameter.grad = null;
        device.scope(() => void backward(model.call(use, x)));
        await wrapped.synchronize();
      }
      show.row({ a: await gradOf(model.a), b: await gradOf(model.b), c: await gradOf(model.c) });
    }
    if (options.case === "view") {
      const model = new Scalars(device);
      await wrap(model as never);
      const y = model.call(["a", "b"], x);
      y.view().mul_(2); // what the strategy does before backward hangs on y
      backward(y);
    }
    if (options.case === "early") {
      const model = new Scalars(device);
      const wrapped = await wrap(model as never);
      device.scope(() => void backward(model.call(["a", "b", "c"], x)));
      model.a.grad?.mul_(0.5); // of a bucket that is on its way
      await wrapped.synchronize();
      show.row({ a: await gradOf(model.a), b: await gradOf(model.b), c: await gradOf(model.c) });
    }
    if (options.case === "apart") {
      const model = new Tied(device, 5);
      const outer = new (class extends Module<[Tensor]> {
        readonly embed = model.embed;
        readonly rest = Object.assign(new Tied(device, 5), { head: model.embed });
        forward(index: Tensor): Tensor {
          return this.embed.call(index);
        }
      })(device);
      await FullyShardedDataParallel.wrap(outer, world, { units: [outer.rest] });
    }
  },
});
