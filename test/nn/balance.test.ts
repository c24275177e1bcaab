/** What keeps experts busy: the terms' values and gradients, the bias, and what a capacity drops (cases of people's mistakes). */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recompute } from "../../src/autograd/index.ts";
import { balanceLoss, MoE, moveBias, routerZLoss } from "../../src/nn/index.ts";
import { functional as F, type Tensor, type TensorDevice } from "../../src/tensor/index.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";

afterAll(closeDevices);

let device: TensorDevice;
beforeAll(async () => {
  device = await makeTensorDevice(11);
});

const read = async (x: Tensor | null | undefined): Promise<number[]> => [...((await x?.data()) ?? [])];

/** Scores by which a token goes to one expert with all its probability. */
const sure = (experts: readonly number[], of: number): Tensor =>
  device.from(Float32Array.from(experts.flatMap((e) => Array.from({ length: of }, (_, i) => (i === e ? 50 : -50)))), [
    experts.length,
    of,
  ]);

const routed = (logits: Tensor, k = 1) => {
  const { chosen } = F.route({ logits, k, renormalize: false });
  return { logits, chosen, tokens: logits.shape[0] };
};

describe("the load-balancing loss", () => {
  it("is 1 when balanced, and the number of experts at worst, for each layer by itself", async () => {
    // Layer A sends all to expert 0, layer B all to expert 1: each is as bad as can be.
    const [a, b] = [sure([0, 0, 0, 0], 2), sure([1, 1, 1, 1], 2)];
    expect(await balanceLoss(routed(a)).item()).toBeCloseTo(2, 5);
    expect(await balanceLoss(routed(b)).item()).toBeCloseTo(2, 5);
    // Over both layers' tokens as one list it looks perfect.
    expect(await balanceLoss(routed(sure([0, 0, 0, 0, 1, 1, 1, 1], 2))).item()).toBeCloseTo(1, 5);
    // With two choices of each token, balanced is 1, too.
    const even = device.zeros([6, 3]);
    const chosen = device.tensor([[0, 1], [1, 2], [2, 0], [0, 1], [1, 2], [2, 0]], "i32"); // biome-ignore format: pairs
    expect(await balanceLoss({ logits: even, chosen, tokens: 6 }).item()).toBeCloseTo(1, 5);
  });

  it("does not see padding", async () => {
    const logits = device.randn([5, 4], { seed: 8 });
    const { chosen } = routed(logits, 2);
    const padded = device.zeros([8, 4]);
    padded.slice(0, 0, 5).copy_(logits);
    const more = routed(padded, 2);
    const real = device.tensor([1, 1, 1, 1, 1, 0, 0, 0]);
    const plain = await balanceLoss({ logits, chosen, tokens: 5 }).item();
    expect(await balanceLoss({ ...more, tokens: 5, real }).item()).toBeCloseTo(plain, 6);
    expect(await balanceLoss(more).item()).not.toBeCloseTo(plain, 2); // padding counted
    const z = await routerZLoss({ logits, chosen, tokens: 5 }).item();
    expect(await routerZLoss({ ...more, tokens: 5, real }).item()).toBeCloseTo(z, 6);
  });

  it("has its slope", async () => {
    const values = [...(await device.randn([4, 3], { seed: 3 }).data())];
    const chosen = device.tensor([[0, 1], [2, 1], [2, 0], [0, 1]], "i32"); // biome-ignore format: pairs
    for (const term of [balanceLoss, routerZLoss]) {
      const f = async (moved: readonly number[]): Promise<number> =>
        Number(await term({ logits: device.from(Float32Array.from(moved), [4, 3]), chosen, tokens: 4 }).item());
      const logits = device.from(Float32Array.from(values), [4, 3]).requiresGrad_();
      term({ logits, chosen, tokens: 4 }).backward();
      const slopes = await read(logits.grad);
      for (const i of values.keys()) {
        const h = 1e-2;
        const [up, down] = [await f(values.with(i, values[i] + h)), await f(values.with(i, values[i] - h))];
        expect(slopes[i]).toBeCloseTo((up - down) / (2 * h), 3);
      }
    }
  });

  it("is as much for micro-batches as for ranks: every part by its share of the targets", async () => {
    const moe = new MoE(device, 6, 4, {
      experts: 4,
      perToken: 2,
      auxiliary: 0.5,
      zLoss: 0.1,
      init: { kind: "normal", std: 1 },
    });
    const x = device.randn([12, 6], { seed: 2 });
    const parts = [0, 3, 6, 9].map((from) => x.slice(0, from, from + 3));
    const gradient = async (body: () => void): Promise<number[]> => {
      moe.zeroGrad();
      body();
      return read(moe.router.weight.grad);
    };
    const all = await gradient(() => {
      for (const part of parts)
        moe
          .call(part, { share: 1 / 4 })
          .sum()
          .mul(0)
          .backward();
    });
    // Two ranks with two micro-batches each, and four ranks: the sum of what each has.
    const split = async (groups: readonly number[][]): Promise<number[]> => {
      const each: number[][] = [];
      for (const group of groups)
        each.push(await gradient(() => {
          for (const i of group) moe.call(parts[i], { share: 1 / 4 }).sum().mul(0).backward();
        })); // biome-ignore format: one sum
      return each.reduce((sum, one) => sum.map((value, i) => value + one[i]));
    };
    for (const groups of [[[0, 1], [2, 3]], [[0], [1], [2], [3]]]) // biome-ignore format: two ways
      expect(await split(groups)).toEqual(all.map((value) => expect.closeTo(value, 6)));
    expect(all.some((value) => Math.abs(value) > 1e-3)).toBe(true);
    // Not scaled by their share, terms count once for each micro-batch.
    const fourfold = await gradient(() => {
      for (const part of parts) moe.call(part).sum().mul(0).backward();
    });
    for (const [i, value] of all.entries()) expect(fourfold[i]).toBeCloseTo(4 * value, 4);
  });
});

describe("a capacity", () => {
  it.each([
    [8, 1, 4, 1, 2],
    [8, 2, 4, 1.25, 5],
    [7, 1, 4, 1, 2],
    [3, 1, 8, 0.1, 1],
  ])("of %i tokens, %i choices, %i experts and factor %d is %i", (tokens, perToken, experts, capacity, wanted) => {
    const moe = new MoE(device, 2, 2, { experts, perToken, normalize: perToken > 1, capacity });
    expect(moe.capacityOf(tokens)).toBe(wanted);
    moe.dispose();
  });

  it("drops the least probable: their result is zero, and the expert gets no gradient of them", async () => {
    const moe = new MoE(device, 2, 4, { experts: 2, perToken: 1, normalize: false, capacity: 1 });
    device.noGrad(() => moe.router.weight.copy_(device.tensor([[1, 0], [-1, 0]]))); // biome-ignore format: a matrix
    // All four choose expert 0, which takes two of them: the third and, of equal ones, the first.
    const x = device.tensor([[1, 1], [1, 2], [3, 1], [0.5, 1]]).requiresGrad_(); // biome-ignore format: rows
    for (let i = 0; i < 8; i++) device.full([2 ** i], Number.NaN).dispose();
    const y = moe.call(x);
    const rows = (await y.toArray()) as number[][];
    const isZero = (row: number): boolean => rows[row].every((value) => value === 0);
    expect([0, 1, 2, 3].map(isZero)).toEqual([false, true, false, true]);
    y.sum().backward();
    const together = await read(moe.experts[0].up.weight.grad);
    const slopes = (await x.grad?.toArray()) as number[][];
    expect(slopes[1].concat(slopes[3])).toEqual([0, 0, 0, 0]); // not even by the router
    expect(await read(moe.experts[1].up.weight.grad)).toEqual(Array.from({ length: 8 }, () => 0));
    moe.zeroGrad();
    const free = new MoE(device, 2, 4, { experts: 2, perToken: 1, normalize: false });
    device.noGrad(() => {
      for (const [name, parameter] of free.namedParameters())
        parameter.copy_(moe.namedParameters().get(name) as Tensor);
    });
    free.call(device.tensor([[1, 1], [3, 1]])).sum().backward(); // biome-ignore format: rows
    expect(await read(free.experts[0].up.weight.grad)).toEqual(together.map((value) => expect.closeTo(value, 6)));
  });

  it("is that of the tokens that there are: padding takes no room, and makes none", async () => {
    const moe = new MoE(device, 6, 4, { experts: 4, perToken: 2, capacity: 1, init: { kind: "normal", std: 1 } });
    const x = device.randn([9, 6], { seed: 5 });
    const padded = device.randn([20, 6], { seed: 6 });
    padded.slice(0, 0, 9).copy_(x);
    const real = device.from(
      Float32Array.from({ length: 20 }, (_, i) => Number(i < 9)),
      [20],
    );
    const plain = await moe.call(x).toArray();
    const all = (await moe.call(padded, { real, count: 9 }).toArray()) as number[][];
    expect(all.slice(0, 9)).toEqual(plain);
    expect(
      all
        .slice(9)
        .flat()
        .every((value) => value === 0),
    ).toBe(true);
    // Something is dropped, or this would say nothing.
    const free = (await moe.call(padded, { real, count: 20 }).toArray()) as number[][];
    expect(free.slice(0, 9)).not.toEqual(plain);
  });

  it("of nothing is refused", () => {
    for (const capacity of [0, -1, Number.NaN, Infinity])
      expect(() => new MoE(device, 2, 2, { experts: 4, perToken: 2, capacity })).toThrow(
        `A capacity of ${capacity} leaves experts no tokens. Give a factor above 0, such as 1.25: of T tokens an expert takes ⌈T · 2 / 4 · 1.25⌉`,
      );
  });
});

describe("the bias", () => {
  it("moves against the load, and brings experts their share", async () => {
    const moe = new MoE(device, 3, 4, { experts: 4, perToken: 1, normalize: false, biased: true });
    expect(() => moveBias(new MoE(device, 3, 4, { experts: 2, perToken: 2 }), 0.1)).toThrow("This mixture has no bias");
    device.noGrad(() => moe.router.weight.copy_(device.randn([4, 3], { seed: 1 }).mul(0.3)));
    const x = device.ones([40, 3]).add(device.randn([40, 3], { seed: 2 }).mul(0.5));
    moe.call(x);
    const before = await read(moe.load);
    expect(before.reduce((a, b) => a + b)).toBe(40);
    const mean = 10;
    moveBias(moe, 0.25);
    const moved = (await read(moe.bias)).map((value) => value + 0);
    expect(moved).toEqual(before.map((load) => 0.25 * Math.sign(mean - load) + 0));
    expect(await read(moe.load)).toEqual([0, 0, 0, 0]);
    device.noGrad(() => moe.bias?.fill_(0));
    for (let step = 0; step < 200; step++) {
      moe.call(x);
      moveBias(moe, 0.001);
    }
    moe.call(x);
    const after = await read(moe.load);
    const spread = (load: readonly number[]): number => Math.max(...load) - Math.min(...load);
    expect(spread(before)).toBeGreaterThan(20);
    expect(spread(after)).toBeLessThan(10);
  });

  it("counts what is learned from alone, once, also where a layer is computed again", async () => {
    const moe = new MoE(device, 3, 4, { experts: 2, perToken: 1, normalize: false, biased: true });
    device.noGrad(() => moe.call(device.ones([5, 3])));
    expect(await read(moe.load)).toEqual([0, 0]);
    const x = device.ones([5, 3]).requiresGrad_();
    recompute(device, (y) => moe.call(y), [x])
      .sum()
      .backward();
    expect((await read(moe.load)).reduce((a, b) => a + b)).toBe(5);
  });
});
