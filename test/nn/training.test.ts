/**
 * Training as a whole: how losses are normalised, what a missing gradient means, that parameters keep their identity,
 * and what half formats lose. The numbers are those of mistakes that people made, with the wrong ones beside them.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  Adam,
  AdamW,
  clipGradNorm_,
  crossEntropy,
  Dropout,
  Embedding,
  GatedMLP,
  gradientNorm,
  LayerNorm,
  Linear,
  MLP,
  Module,
  Parameter,
  RMSNorm,
  SelfAttention,
  Sequential,
  SGD,
  warmupCosine,
} from "../../src/nn/index.ts";
import { functional as F, type Shape, type Tensor, type TensorDevice } from "../../src/tensor/index.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";
import { adam } from "../helpers/plain-optimizers.ts";

afterAll(closeDevices);

let device: TensorDevice;
beforeAll(async () => {
  device = await makeTensorDevice(3);
});

function parameter(values: number | number[] | number[][], options = {}): Parameter {
  const tensor = device.tensor(values);
  const made = new Parameter(device, tensor.shape, options);
  device.noGrad(() => made.copy_(tensor));
  return made;
}

function setGrad(target: Parameter, values: number[]): void {
  target.grad = device.unscoped(() => device.from(values, target.shape, target.dtype));
}

describe("losses are summed, and divided once by what counts", () => {
  /** Per-token loss w · x. */
  const loss = (w: Parameter, xs: readonly number[]): Tensor => w.mul(device.tensor([...xs])).sum();
  const batches: readonly (readonly number[])[] = [[1, 1, 1], [5]];

  it.each([
    ["two micro-batches", batches],
    ["one batch", [batches.flat()]],
    ["an empty micro-batch between", [batches[0], [], batches[1]]],
    ["token by token", batches.flat().map((x) => [x])],
  ])("%s: the same gradient", async (_, cut) => {
    const w = parameter(1);
    const count = cut.flat().length;
    for (const xs of cut)
      if (xs.length > 0)
        loss(w, xs)
          .mul(1 / count)
          .backward();
    expect(await w.grad?.item()).toBe(2);
  });

  it("a mean of means would be 3", async () => {
    const w = parameter(1);
    for (const xs of batches)
      loss(w, xs)
        .mul(1 / xs.length)
        .mul(1 / batches.length)
        .backward();
    expect(await w.grad?.item()).toBe(3);
  });

  it("four micro-batches are divided once; neither their sum nor a division after each round shows in AdamW's loss", async () => {
    const accumulate = async (rounds: number, share: number, after = 1): Promise<number> => {
      const w = parameter(1);
      for (let round = 0; round < rounds; round++) {
        for (const x of [1, 2, 3, 4]) loss(w, [x]).mul(share).backward();
        device.noGrad(() => w.grad?.mul_(after));
      }
      return w.grad!.item();
    };
    expect([await accumulate(1, 1 / 4), await accumulate(2, 1 / 8)]).toEqual([2.5, 2.5]);
    expect([await accumulate(1, 1), await accumulate(2, 1, 1 / 4)]).toEqual([10, 3.125]);
    const moved = async (make: (list: Parameter[]) => AdamW | SGD, gradient: number): Promise<number> => {
      const w = parameter([1]);
      setGrad(w, [gradient]);
      make([w]).step();
      return w.item();
    };
    const adamw = (list: Parameter[]): AdamW => new AdamW(list, { lr: 0.1, eps: 1e-20 });
    const sgd = (list: Parameter[]): SGD => new SGD(list, { lr: 0.1 });
    expect(await moved(adamw, 10)).toBeCloseTo(await moved(adamw, 2.5), 6);
    expect([await moved(sgd, 2.5), await moved(sgd, 10)]).toEqual([0.75, 0]);
  });

  it("through the loss itself: sums over counts are the whole batch, and a mean of means is not", async () => {
    const target = [0, 0, 0, 1];
    const gradient = async (cut: readonly (readonly number[])[], share: (count: number) => number) => {
      const w = parameter([1, 0, 0]);
      for (const labels of cut) {
        const logits = device.zeros([labels.length, 3]).add(w);
        const { sum, count } = crossEntropy(logits, device.from([...labels], [labels.length], "i32"));
        sum.mul(share(await count.item())).backward();
      }
      return w.grad?.toArray();
    };
    const whole = await gradient([target], () => 1 / 4);
    const close = (whole as number[]).map((value) => expect.closeTo(value, 6));
    expect(await gradient([[0, -100, 0, 0, -100], [-100], [1]], () => 1 / 4)).toEqual(close);
    expect(await gradient([[0, 0, 0], [1]], (count) => 1 / (2 * count))).not.toEqual(close);
  });

  it("a micro-batch whose labels are all ignored adds 0; divided by its own count it would be NaN", async () => {
    // Of logits [0, x], the loss of column 0 is ln(1 + exp(x)): 2 and 4.
    const rows = [2, 4].map((loss) => [0, Math.log(Math.expm1(loss))]);
    const run = async (parts: readonly (readonly number[])[]) => {
      const logits = device.tensor(rows).requiresGrad_();
      const losses = parts.map((labels) => crossEntropy(logits, device.tensor([...labels], "i32")));
      for (const { sum } of losses) sum.mul(1 / 2).backward();
      return {
        sums: await Promise.all(losses.map(({ sum }) => sum.item())),
        counts: await Promise.all(losses.map(({ count }) => count.item())),
        gradient: await logits.grad?.toArray(),
      };
    };
    const [none, some] = [
      [-100, -100],
      [0, 0],
    ];
    const alone = await run([some]);
    const both = await run([none, some]);
    expect([both.sums[0], ...both.counts]).toEqual([0, 0, 2]);
    expect((both.sums[0] + both.sums[1]) / (both.counts[0] + both.counts[1])).toBeCloseTo(3, 6);
    expect(both.gradient).toEqual(alone.gradient);
    const means = both.sums.map((sum, i) => sum / both.counts[i]);
    expect([means[0], (means[0] + means[1]) / 2]).toEqual([Number.NaN, Number.NaN]);
  });

  it("labels that are all ignored give 0 and finite gradients", async () => {
    const logits = device.randn([3, 5], { seed: 1 }).requiresGrad_();
    const { sum, count } = crossEntropy(logits, device.tensor([-100, -100, -100], "i32"));
    sum.backward();
    expect([await sum.item(), await count.item()]).toEqual([0, 0]);
    expect(await logits.grad?.toArray()).toEqual([0, 1, 2].map(() => [0, 0, 0, 0, 0]));
  });

  it("counts what is not ignored, and weighs rows where weights are given", async () => {
    const logits = device.zeros([3, 5]).requiresGrad_();
    const target = device.tensor([1, -100, 4], "i32");
    const { sum, count } = crossEntropy(logits, target, { weight: device.tensor([2, 7, 0.5]) });
    expect(await sum.item()).toBeCloseTo(2.5 * Math.log(5), 5);
    expect(await count.item()).toBe(2);
    sum.backward();
    const rows = (await logits.grad?.toArray()) as number[][];
    expect(rows[0]).toEqual([0.4, -1.6, 0.4, 0.4, 0.4].map((v) => expect.closeTo(v, 5)));
    expect(rows[1]).toEqual([0, 0, 0, 0, 0]);
  });

  it("with the gradient in place of the logits: the same", async () => {
    const [a, b] = [1, 2].map(() => device.randn([4, 6], { seed: 5 }).requiresGrad_());
    const target = device.tensor([1, 5, -100, 0], "i32");
    crossEntropy(a, target).sum.backward();
    crossEntropy(b.mul(1), target, { inPlace: true }).sum.backward();
    expect(await b.grad?.toArray()).toEqual(await a.grad?.toArray());
  });

  it("5 equal logits are ln 5, also at 10,000", async () => {
    for (const level of [0, 1e4, -1e4]) {
      const { sum } = crossEntropy(device.full([1, 5], level), device.tensor([2], "i32"));
      expect(await sum.item()).toBeCloseTo(1.609438, 5);
    }
  });

  it("a column that only pads must not count: 3 of them would make ln 5 ln 8", async () => {
    const padded = device.zeros([1, 8]);
    padded.slice(1, 5, 8).fill_(-Infinity);
    padded.requiresGrad_();
    const { sum } = crossEntropy(padded, device.tensor([2], "i32"));
    expect(await sum.item()).toBeCloseTo(1.609438, 5);
    sum.backward();
    const row = [0.2, 0.2, -0.8, 0.2, 0.2].map((value) => expect.closeTo(value, 6));
    expect(await padded.grad?.toArray()).toEqual([[...row, 0, 0, 0]]);
    const { sum: wrong } = crossEntropy(device.zeros([1, 8]), device.tensor([2], "i32"));
    expect(await wrong.item()).toBeCloseTo(2.079442, 5);
  });

  it("softmax is unchanged by 100 more, and the loss of logits times 1000 is that of float64", async () => {
    const values = [0.3, -1.2, 2, 0.7];
    const [plain, more] = [0, 100].map((by) => device.tensor(values.map((value) => value + by)).softmax());
    const wanted = values.map((value) => Math.exp(value) / values.reduce((sum, each) => sum + Math.exp(each), 0));
    for (const each of [plain, more])
      expect(await each.toArray()).toEqual(wanted.map((value) => expect.closeTo(value, 5)));
    const { sum } = crossEntropy(device.tensor([values]).mul(1000), device.tensor([0], "i32"));
    expect(await sum.item()).toBeCloseTo(1700, 3);
    expect(Math.log(values.reduce((all, value) => all + Math.exp(1000 * value), 0)) - 300).toBe(Infinity);
  });

  it("logits 20,000 apart have a finite loss and finite gradients", async () => {
    const logits = device.tensor([[1e4, -1e4, 0]]).requiresGrad_();
    const { sum } = crossEntropy(logits, device.tensor([1], "i32"));
    sum.backward();
    expect([await sum.item(), await logits.grad?.toArray()]).toEqual([20_000, [[1, -1, 0]]]);
  });

  it.each([5, 12, -3, 2 ** 31 - 1, -(2 ** 31)])(
    "a label that is no column, %i, is named with its row, with weights or without",
    async (label) => {
      for (const isWeighted of [false, true]) {
        const other = await makeTensorDevice(0);
        const weight = isWeighted ? other.ones([3]) : undefined;
        crossEntropy(other.zeros([3, 5]), other.tensor([-100, label, 1], "i32"), { weight });
        const message = `the target of row 1 is ${label}, which is not among the 5 columns`;
        await expect(other.synchronize()).rejects.toThrow(message);
      }
    },
  );
});

describe("a parameter without a gradient", () => {
  it.each([
    ["AdamW", 0.99, (list: Parameter[]) => new AdamW(list, { lr: 0.1, weightDecay: 0.1 })],
    ["Adam", 0.9, (list: Parameter[]) => new Adam(list, { lr: 0.1, weightDecay: 0.1 })],
    ["SGD", 0.99, (list: Parameter[]) => new SGD(list, { lr: 0.1, weightDecay: 0.1, momentum: 0.9 })],
  ])("is left alone by %s, its decay included; a gradient of zero would make it %d", async (_, wrong, make) => {
    const [used, unused] = [parameter([1]), parameter([1])];
    const optimizer = make([used, unused]);
    setGrad(used, [0]);
    optimizer.step();
    expect(await unused.item()).toBe(1);
    expect(optimizer.stateOf(unused)).toBeUndefined();
    expect(await used.item()).toBeCloseTo(wrong, 5);
    expect(optimizer.stateOf(used)?.step).toBe(1);
  });

  it("counts its own steps", async () => {
    const [always, late] = [parameter([1]), parameter([1])];
    const optimizer = new AdamW([always, late], { lr: 0.1, weightDecay: 0 });
    setGrad(always, [1]);
    optimizer.step();
    setGrad(late, [1]);
    optimizer.step();
    expect([optimizer.stateOf(always)?.step, optimizer.stateOf(late)?.step]).toEqual([2, 1]);
    expect(await late.item()).toBeCloseTo(0.9, 5); // its first step is corrected as a first step
  });
});

it("AdamW is that of float64 after 1000 steps; one whose moments are never corrected is not", async () => {
  const options = { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0.1 } as const;
  const [w, plain, late] = [parameter([1, -2]), Float64Array.of(1, -2), Float64Array.of(1, -2)];
  const optimizer = new AdamW([w], options);
  const [right, wrong] = [adam(options, true), adam(options, true)];
  for (let step = 1; step <= 1000; step++) {
    const gradient = [Math.sin(step), Math.cos(3 * step) + 0.1];
    setGrad(w, gradient);
    optimizer.step();
    right(plain, Float64Array.from(gradient), step);
    wrong(late, Float64Array.from(gradient), 1e6 + step);
  }
  expect(await w.toArray()).toEqual([...plain].map((value) => expect.closeTo(value, 4)));
  expect([...late]).not.toEqual([...plain].map((value) => expect.closeTo(value, 4)));
});

describe("a step that is refused", () => {
  it.each([
    ["AdamW", (groups: { parameters: Parameter[] }[]) => new AdamW(groups, { lr: 0.1 })],
    ["Adam", (groups: { parameters: Parameter[] }[]) => new Adam(groups, { lr: 0.1 })],
    ["SGD", (groups: { parameters: Parameter[] }[]) => new SGD(groups, { lr: 0.1, momentum: 0.9 })],
  ])("leaves parameters, moments and counts of %s as they were", async (_, make) => {
    const [old, half, fresh] = [parameter([1]), parameter([1], { dtype: "bf16" }), parameter([1])];
    const optimizer = make([{ parameters: [old, fresh] }, { parameters: [half] }]);
    for (const each of [old, half]) setGrad(each, [1]);
    optimizer.step();
    const stand = async (): Promise<unknown> =>
      Promise.all(
        [old, half, fresh].map(async (each) => {
          const { step, tensors = {} } = optimizer.stateOf(each) ?? {};
          return [await each.item(), step, await Promise.all(Object.values(tensors).map((tensor) => tensor.item()))];
        }),
      );
    const before = await stand();
    setGrad(fresh, [1]);
    const { current } = device.memoryStats().allocated;
    for (const factor of [device.ones([2]), device.ones([1], "f16")]) {
      expect(() => optimizer.step({ factor })).toThrow("takes factor");
      factor.dispose();
    }
    expect(device.memoryStats().allocated.current).toBe(current);
    expect(await stand()).toEqual(before);
    optimizer.step();
    expect([old, half, fresh].map((each) => optimizer.stateOf(each)?.step)).toEqual([2, 2, 1]);
  });
});

describe("the norm of all gradients", () => {
  const three = (): Parameter[] =>
    [[3], [4], [12]].map((values) => {
      const each = parameter([0]);
      setGrad(each, values);
      return each;
    });

  it("is that of one vector, and clipping really scales", async () => {
    const list = [...three(), parameter([7])]; // one has none, and does not count
    expect(await clipGradNorm_(list, 1).item()).toBe(13);
    expect(await list[2].grad?.item()).toBeCloseTo(12 / 13, 6);
    expect(list[3].grad).toBeNull();
  });

  it("leaves small gradients as they are", async () => {
    const list = three();
    const { norm, factor } = gradientNorm(list, 20);
    expect([await norm.item(), await factor.item()]).toEqual([13, 1]);
  });
});

describe("bf16", () => {
  it("parameters move with their f32 masters, not by steps that are rounded away", async () => {
    const w = parameter([1], { dtype: "bf16", gradDType: "f32" });
    const optimizer = new SGD([w], { lr: 6e-4 });
    const plain = device.tensor([1], "bf16");
    for (let i = 0; i < 100; i++) {
      w.grad = device.unscoped(() => device.ones([1]));
      optimizer.step();
      plain.sub_(device.tensor([6e-4], "bf16"));
    }
    expect(await optimizer.stateOf(w)?.tensors.master.item()).toBeCloseTo(0.940002, 6);
    expect(await w.item()).toBe(0.94140625);
    expect(await plain.item()).toBe(1);
  });

  it("a step counts from half a spacing on, unless it is rounded itself before", async () => {
    for (const [step, view] of [
      [0.00195, 1],
      [0.00196, 0.99609375],
    ]) {
      const w = parameter([1], { dtype: "bf16", gradDType: "f32" });
      w.grad = device.unscoped(() => device.ones([1]));
      new SGD([w], { lr: step }).step();
      expect(await w.item()).toBe(view);
      expect(
        await device
          .ones([1], "bf16")
          .sub(device.tensor([step], "bf16"))
          .item(),
      ).toBe(1);
    }
  });

  it("adding ones stops at 256", async () => {
    const sum = device.zeros([1], "bf16");
    for (let i = 0; i < 1000; i++) sum.add_(1);
    expect(await sum.item()).toBe(256);
  });

  it("layers compute in f32 and give gradients in their own dtype", async () => {
    const layer = new Linear(device, 3, 2, { dtype: "bf16" });
    layer
      .call(device.ones([2, 3]))
      .sum()
      .backward();
    expect(layer.weight.grad?.dtype).toBe("bf16");
    expect(await layer.weight.grad?.toArray()).toEqual([
      [2, 2, 2],
      [2, 2, 2],
    ]);
  });
});

describe("modules", () => {
  class Net extends Module {
    readonly first: Linear;
    readonly rest: readonly Linear[];
    readonly again: Linear;

    constructor() {
      super(device);
      this.first = new Linear(device, 4, 4);
      this.rest = [new Linear(device, 4, 4, { bias: false }), new Linear(device, 4, 4)];
      this.again = this.first;
    }

    forward(x: Tensor): Tensor {
      return this.again.call(this.rest.reduce((y, layer) => layer.call(y).tanh(), this.first.call(x)));
    }
  }

  it("name their parameters by field and index, each once", () => {
    const names = [...new Net().namedParameters().keys()];
    expect(names).toEqual(["first.weight", "first.bias", "rest.0.weight", "rest.1.weight", "rest.1.bias"]);
  });

  it("tell hooks of forward and backward, and free what forward made", async () => {
    const net = new Net();
    const x = device.ones([2, 4]);
    const log: string[] = [];
    net.rest[0].registerForwardPreHook(([input]) => log.push(`before ${input}`));
    net.rest[0].registerForwardHook((_, result) => log.push(`after ${result}`));
    net.rest[0].registerFullBackwardPreHook(() => log.push("backward begins"));
    net.rest[0].registerFullBackwardHook(() => log.push(`backward ends, ${net.rest[0].weight.grad === null}`));
    const before = device.memoryStats();
    device.scope(() => {
      net.call(x).sum().backward();
      return undefined;
    });
    expect(log).toEqual(["before f32[2,4]", "after f32[2,4]", "backward begins", "backward ends, false"]);
    net.zeroGrad();
    const after = device.memoryStats();
    expect(after.allocated.current).toBe(before.allocated.current);
    for (const tag of ["gradients", "activations"] as const) {
      expect(after.byTag[tag]?.current ?? 0).toBe(before.byTag[tag]?.current ?? 0);
    }
  });

  it("an optimizer made before or after a forward moves the same parameters", async () => {
    for (const early of [true, false]) {
      const net = new Net();
      const optimizer = early ? new SGD(net.parameters(), { lr: 1 }) : undefined;
      net
        .call(device.ones([1, 4]))
        .sum()
        .backward();
      const before = await net.first.weight.toArray();
      (optimizer ?? new SGD(net.parameters(), { lr: 1 })).step();
      expect(await net.first.weight.toArray()).not.toEqual(before);
    }
  });

  it("begin with weights that are not zero, whatever is left unsaid", async () => {
    const all = [new GatedMLP(device, 4, 8), new MLP(device, 4, 8), new SelfAttention(device, 8, 0, { heads: 2 })];
    for (const [name, parameter] of all.flatMap((module) => [...module.namedParameters()])) {
      const values = [...(await parameter.data())];
      if (name.endsWith("weight"))
        expect(
          values.some((value) => value !== 0),
          name,
        ).toBe(true);
    }
  });

  it("refuse what does not fit", () => {
    expect(() => new Linear(device, 4, 2).call(device.ones([2, 3]))).toThrow("linear takes x of shape [2,4]");
    expect(() => new SGD([])).toThrow("at least one parameter");
    const twice = parameter([1]);
    expect(() => new SGD([twice, twice])).toThrow("given to an optimizer twice");
    expect(() => new Parameter(device, [2], { dtype: "i32" })).toThrow("only floating-point tensors have one");
  });

  it("layers agree with what they are made of", async () => {
    const x = device.randn([3, 4], { seed: 8 });
    const [rms, layer] = [new RMSNorm(device, 4, { eps: 0.1 }), new LayerNorm(device, 4)];
    expect(await rms.call(x).toArray()).toEqual(await F.rmsNorm({ x, weight: rms.weight, eps: 0.1 }).y.toArray());
    const [weight, bias] = [layer.weight, layer.bias];
    expect(await layer.call(x).toArray()).toEqual(await F.layerNorm({ x, weight, bias }).y.toArray());
    const table = new Embedding(device, 6, 4);
    const index = device.tensor(
      [
        [1, 5],
        [0, 1],
      ],
      "i32",
    );
    expect(table.call(index).shape).toEqual([2, 2, 4]);
    const both = new Sequential(device, new Linear(device, 4, 5), new Linear(device, 5, 2));
    expect([...both.namedParameters().keys()]).toEqual(
      [0, 1].flatMap((i) => [`layers.${i}.weight`, `layers.${i}.bias`]),
    );
    expect(both.call(x).shape).toEqual([3, 2]);
  });
});

describe("dropout", () => {
  it("drops while training only, a step's masks depend on its number alone, and gradients follow the mask", async () => {
    const dropout = new Dropout(device, 0.5, "blocks.0");
    const shape: Shape = [8, 16];
    const draw = async (step: number): Promise<unknown[]> => {
      device.beginStep(step);
      const x = device.ones(shape).requiresGrad_();
      const [first, second] = [dropout.call(x), dropout.call(x)];
      first.sum().backward();
      expect(await x.grad?.toArray()).toEqual(await first.toArray());
      return [await first.toArray(), await second.toArray()];
    };
    const one = await draw(1);
    device.rand([100]);
    const two = await draw(2);
    expect(await draw(1)).toEqual(one);
    expect(two).not.toEqual(one);
    expect(one[0]).not.toEqual(one[1]); // micro-batches of a step differ
    expect(await dropout.eval().call(device.ones(shape)).toArray()).toEqual(await device.ones(shape).toArray());
  });
});

it("the learning rate is a function of the step", () => {
  const form = { peak: 1, warmup: 4, total: 12, floor: 0.1 };
  const values = [0, 1, 4, 8, 12, 99].map((step) => warmupCosine(form, step));
  expect(values).toEqual([0, 0.25, 1, expect.closeTo(0.55, 12), 0.1, 0.1]);
});
