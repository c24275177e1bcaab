/** A mixture of experts: what the router learns, experts without tokens, and the same as computing every expert for every token. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MoE } from "../../src/nn/index.ts";
import { functional as F, type Tensor, type TensorDevice } from "../../src/tensor/index.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";

afterAll(closeDevices);

let device: TensorDevice;
beforeAll(async () => {
  device = await makeTensorDevice(9);
});

/** Every expert on every token, weighted by what the router says: the plain form. */
function dense(moe: MoE, x: Tensor): Tensor {
  const logits = moe.router.call(x);
  const { chosen, weight } = F.route({ logits, k: moe.perToken, renormalize: moe.normalize });
  const hot = chosen.unsqueeze(-1).eq(device.arange(moe.experts.length, "i32")).to("f32");
  const shares = hot.mul(weight.unsqueeze(-1)).sum(1);
  return moe.experts
    .map((expert, i) => expert.call(x).mul(shares.slice(1, i, i + 1)))
    .reduce((sum, each) => sum.add(each));
}

describe("a mixture", () => {
  it.each([
    [4, 2, true, 7],
    [3, 1, false, 5],
    [5, 3, false, 1],
    [2, 2, true, 9],
  ])(
    "of %i experts, %i for each token, agrees with the plain form, gradients too",
    async (experts, perToken, normalize, tokens) => {
      const moe = new MoE(device, 6, 8, { experts, perToken, normalize });
      const x = device.randn([tokens, 6], { seed: 4 });
      const results: unknown[][] = [];
      for (const run of [(input: Tensor) => moe.call(input), (input: Tensor) => dense(moe, input)]) {
        const input = x.clone().requiresGrad_();
        const y = run(input);
        y.mul(device.randn([tokens, 6], { seed: 5 }))
          .sum()
          .backward();
        const gradients = await Promise.all(
          moe.parameters().map(async ({ grad }) => [...((await grad?.data()) ?? [])]),
        );
        results.push([[...(await y.data())], [...((await input.grad?.data()) ?? [])], ...gradients]);
        moe.zeroGrad();
      }
      for (const [i, values] of (results[0] as number[][]).entries()) {
        const wanted = results[1][i] as number[];
        for (const [at, value] of values.entries()) expect(Math.abs(value - (wanted[at] ?? 0))).toBeLessThan(1e-5);
      }
    },
  );

  it("with all tokens at one expert: the others' gradients are zero, whatever lay in memory", async () => {
    const moe = new MoE(device, 4, 4, { experts: 3, perToken: 1, normalize: false });
    device.noGrad(() => {
      moe.router.weight.fill_(0);
      moe.router.weight.slice(0, 1, 2).fill_(1); // the second expert, for positive tokens
    });
    for (let i = 0; i < 8; i++) device.full([64], Number.NaN).dispose(); // what is allocated next holds NaN
    const y = moe.call(device.ones([5, 4]));
    y.sum().backward();
    expect([...(await y.data())].every(Number.isFinite)).toBe(true);
    for (const [name, { grad }] of moe.namedParameters()) {
      const values = [...((await grad?.data()) ?? [])];
      expect(values.length).toBeGreaterThan(0);
      expect(values.every(Number.isFinite)).toBe(true);
      if (/experts\.[02]/.test(name)) expect(values.every((value) => value === 0)).toBe(true);
      if (/experts\.1/.test(name)) expect(values.some((value) => value !== 0)).toBe(true);
    }
  });

  it("one expert's weight is learned only while it is a share among all", async () => {
    const slope = async (renormalize: boolean): Promise<number[]> => {
      const logits = device.tensor([[2, 0]]).requiresGrad_();
      const { weight } = F.route({ logits, k: 1, renormalize });
      weight.mul(3).sum().backward(); // the chosen expert gives 3
      return [...((await logits.grad?.data()) ?? [])];
    };
    expect(await slope(false)).toEqual([expect.closeTo(0.314981, 6), expect.closeTo(-0.314981, 6)]);
    expect(await slope(true)).toEqual([0, 0]);
    expect(() => new MoE(device, 4, 4, { experts: 2, perToken: 1 })).toThrow("the router gets no gradient");
    expect(() => new MoE(device, 4, 4, { experts: 2, perToken: 3 })).toThrow(
      "Each token goes to 1 to 2 experts, not to 3.",
    );
  });

  it("tokens that nobody counts change nothing for the others", async () => {
    const moe = new MoE(device, 6, 8, { experts: 4, perToken: 2 });
    const x = device.randn([5, 6], { seed: 4 });
    const padded = device.zeros([8, 6]);
    padded.slice(0, 0, 5).copy_(x);
    const [plain, more] = [moe.call(x), moe.call(padded).slice(0, 0, 5)];
    expect(await more.toArray()).toEqual(await plain.toArray());
    const gradients: number[][] = [];
    for (const y of [plain, more]) {
      y.mul(y).sum().backward();
      gradients.push((await Promise.all(moe.parameters().map(async ({ grad }) => [...(await grad!.data())]))).flat());
      moe.zeroGrad();
    }
    expect(gradients[1]).toEqual(gradients[0].map((value) => expect.closeTo(value, 5)));
  });

  it("two tokens at one expert under their mean: its gradient is 1, at once or one after the other", async () => {
    const run = async (parts: readonly number[], share: number): Promise<unknown[]> => {
      const weights = [1, 1].map((value) => device.tensor([[value]]).requiresGrad_());
      for (const rows of parts) {
        const starts = device.tensor([0, rows, rows], "i32");
        F.expertLinear({ x: device.ones([rows, 1]), weights, starts })
          .sum()
          .mul(share)
          .backward();
      }
      return Promise.all(weights.map(({ grad }) => grad?.item()));
    };
    expect(await run([2], 1 / 2)).toEqual([1, 0]);
    expect(await run([1, 1], 1 / 2)).toEqual([1, 0]);
    expect(await run([1, 1], 1)).toEqual([2, 0]); // each divided by its own count, and summed
  });

  it("rows that are not there are named", async () => {
    const other = await makeTensorDevice(0);
    const weights = [other.ones([2, 3]), other.ones([2, 3])];
    F.expertLinear({ x: other.ones([4, 3]), weights, starts: other.tensor([0, 3, 9], "i32") });
    await expect(other.synchronize()).rejects.toThrow("the rows of expert 2 are not among those that there are");
    expect(() => F.expertLinear({ x: other.ones([4, 3]), weights, starts: other.tensor([0, 4], "i32") })).toThrow(
      "expertLinear takes starts of shape [3]",
    );
    expect(() => F.expertLinear({ x: other.ones([4, 2]), weights, starts: other.tensor([0, 2, 4], "i32") })).toThrow(
      "with the columns of the weights",
    );
  });
});
