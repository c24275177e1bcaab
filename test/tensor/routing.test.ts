/** Who computes what in a mixture: a bias that chooses, room that is limited, and rows that came from ranks, against plain forms. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { functional as F, type Tensor, type TensorDevice } from "../../src/tensor/index.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";

afterAll(closeDevices);

let device: TensorDevice;
beforeAll(async () => {
  device = await makeTensorDevice(3);
});

const read = async (x: Tensor): Promise<number[]> => [...(await x.data())];
const f32 = (values: readonly number[], shape: readonly number[]): Tensor =>
  device.from(Float32Array.from(values), shape);
const i32 = (values: readonly number[], shape: readonly number[]): Tensor =>
  device.from(Int32Array.from(values), shape, "i32");

/** Choices that stay: each expert's in order of weight, of equal ones by place, up to its room. */
function plainLimit(
  chosen: readonly number[],
  weight: readonly number[],
  real: readonly number[],
  { k, experts, capacity }: { k: number; experts: number; capacity: number },
): number[] {
  const kept = chosen.map(() => experts);
  for (let e = 0; e < experts; e++) {
    const own = [...chosen.keys()].filter((i) => chosen[i] === e && real[Math.floor(i / k)] !== 0);
    own.sort((a, b) => weight[b] - weight[a] || a - b);
    for (const i of own.slice(0, capacity)) kept[i] = e;
  }
  return kept;
}

const choices = fc
  .record({
    experts: fc.integer({ min: 1, max: 7 }),
    k: fc.integer({ min: 1, max: 3 }),
    tokens: fc.integer({ min: 0, max: 24 }),
    capacity: fc.integer({ min: 1, max: 12 }),
    isPadded: fc.boolean(),
  })
  .chain((form) =>
    fc.record({
      form: fc.constant(form),
      chosen: fc.array(fc.nat(form.experts - 1), { minLength: form.tokens * form.k, maxLength: form.tokens * form.k }),
      // Few different weights, so that many are equal.
      weight: fc.array(fc.nat(4), { minLength: form.tokens * form.k, maxLength: form.tokens * form.k }),
      real: fc.array(fc.nat(3), { minLength: form.tokens, maxLength: form.tokens }),
    }),
  );

it("an expert with more choices than room keeps those that weigh most, of equal ones the first", () =>
  fc.assert(
    fc.asyncProperty(choices, async ({ form, chosen, weight, real: drawn }) => {
      const { experts, k, tokens, capacity, isPadded } = form;
      const real = drawn.map((value) => (isPadded && value === 0 ? 0 : 1));
      const kept = F.limitExperts({
        chosen: i32(chosen, [tokens, k]),
        weight: f32(weight, [tokens, k]),
        ...{ experts, capacity },
        real: isPadded ? f32(real, [tokens]) : undefined,
      });
      expect(await read(kept)).toEqual(plainLimit(chosen, weight, real, { k, experts, capacity }));
    }),
    { numRuns: 200 },
  ));

it("rows that came from ranks are sorted by expert, those of one expert by rank", () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 4 }),
      fc.infiniteStream(fc.nat(4)),
      fc.nat(6),
      async (ranks, experts, stream, spare) => {
        const counts = Array.from({ length: ranks * experts }, () => stream.next().value as number);
        const ids = counts.flatMap((count, i) => Array.from({ length: count }, () => i % experts));
        const room = ids.length + spare;
        const { starts, order, place } = F.sortRuns({ counts: i32(counts, [ranks, experts]), room });
        const sorted = [...ids.keys()].sort((a, b) => ids[a] - ids[b] || a - b);
        const rest = Array.from({ length: spare }, (_, i) => ids.length + i);
        expect(await read(order)).toEqual([...sorted, ...rest]);
        expect(await read(place)).toEqual([...ids.keys()].map((row) => sorted.indexOf(row)).concat(rest));
        const begins = Array.from({ length: experts + 1 }, (_, e) => ids.filter((id) => id < e).length);
        expect(await read(starts)).toEqual(begins);
      },
    ),
    { numRuns: 100 },
  ));

it("a bias takes part in the choice, and not in the weights", async () => {
  const logits = f32([2, 1, 0, -1], [1, 4]);
  const shares = [2, 1, 0, -1].map((value) => Math.exp(value) / [2, 1, 0, -1].reduce((s, x) => s + Math.exp(x), 0));
  const bias = f32([0, -0.2, 0, 0.1], [4]); // the shares are 0.64, 0.24, 0.09 and 0.03
  const { chosen, weight } = F.route({ logits, k: 2, renormalize: false, bias });
  expect(await read(chosen)).toEqual([0, 3]);
  const got = await read(weight);
  for (const [i, e] of [0, 3].entries()) expect(got[i]).toBeCloseTo(shares[e], 6);
  const renormalized = await read(F.route({ logits, k: 2, bias }).weight);
  expect(renormalized[1]).toBeCloseTo(shares[3] / (shares[0] + shares[3]), 6);
  // Biases that are the same for all change nothing.
  const even = F.route({ logits, k: 3, bias: f32([5, 5, 5, 5], [4]) });
  expect(await read(even.chosen)).toEqual([0, 1, 2]);
});

it("what cannot be is refused, with the numbers", async () => {
  const [chosen, weight] = [i32([0, 1], [2, 1]), f32([1, 1], [2, 1])];
  expect(() => F.limitExperts({ chosen, weight, experts: 2, capacity: 0 })).toThrow(
    "An expert's capacity is a whole number of tokens from 1, but got 0.",
  );
  expect(() => F.route({ logits: f32([1, 2], [1, 2]), k: 1, bias: f32([1], [1]) })).toThrow("one for each expert");
  expect(() => F.sortRuns({ counts: i32([1], [1]), room: 1 })).toThrow("sortRuns takes counts [ranks, experts]");
  const other = await makeTensorDevice(0);
  F.sortRuns({ counts: other.tensor([[1, 1], [2, 1]], "i32"), room: 4 }); // biome-ignore format: a matrix
  await expect(other.synchronize()).rejects.toThrow("rank 1 has more rows than there is room, 4, or less than none");
  const another = await makeTensorDevice(0);
  F.limitExperts({ chosen: another.tensor([[0], [4]], "i32"), weight: another.ones([2, 1]), experts: 4, capacity: 1 });
  await expect(another.synchronize()).rejects.toThrow("choice 1 is no expert among the 4");
});
