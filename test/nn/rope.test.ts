/** Rotary positions: which elements of a head turn together. Weights of one layout are silently wrong in the other. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rotaryTables } from "../../src/models/rotary.ts";
import { functional as F, type Tensor, type TensorDevice } from "../../src/tensor/index.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";
import { forms } from "../helpers/llama.ts";

afterAll(closeDevices);

let device: TensorDevice;
beforeAll(async () => {
  device = await makeTensorDevice(3);
});

const DIM = 4;
const config = { ...forms.llama, headDim: DIM, ropeTheta: 10_000 };

/** [tokens, heads, 4] at positions, as models compute it. */
function rope(x: Tensor, positions: readonly number[]): Tensor {
  const position = device.from([...positions], [positions.length], "i32");
  return F.rope({ x, position, ...rotaryTables(device, config, 16) });
}

/** Neighbors of a head against each other, as in Meta's files, in float64. */
function interleaved(head: readonly number[], position: number): number[] {
  return head.map((value, i) => {
    const angle = position * [1, 0.01][i >> 1];
    return value * Math.cos(angle) + (i % 2 === 0 ? -head[i + 1] : head[i - 1]) * Math.sin(angle);
  });
}

const near = (values: readonly number[]): unknown[] => values.map((value) => expect.closeTo(value, 5));

it("halves of a head turn against each other, not neighbors", async () => {
  const q = device.tensor([[[1, 0, 0, 0]]]);
  expect(await rope(q, [1]).toArray()).toEqual([[near([0.540302, 0, 0.841471, 0])]]);
  expect(interleaved([1, 0, 0, 0], 1)).toEqual(near([0.540302, 0.841471, 0, 0]));
});

describe("weights for neighbors, with the rows of each head permuted", () => {
  const [heads, width, positions] = [2, 6, [0, 3, 7]];
  const row = [0, 2, 1, 3]; // row i of a head comes from here

  /** Scores of all pairs of tokens in each head. */
  const scores = (q: number[][][], k: number[][][]): number[] =>
    q.flatMap((one) =>
      k.flatMap((other) => one.map((head, h) => head.reduce((sum, value, i) => sum + value * other[h][i], 0))),
    );

  it("have the same scores with halves; unpermuted they have others", async () => {
    const x = device.randn([positions.length, width], { seed: 1 });
    const weights = [2, 3].map((seed) => device.randn([heads * DIM, width], { seed }));
    const order = Array.from({ length: heads * DIM }, (_, i) => DIM * Math.floor(i / DIM) + row[i % DIM]);
    const permuted = (weight: Tensor): Tensor =>
      F.embedding({ table: weight, index: device.from(order, [order.length], "i32") });
    const project = (weight: Tensor): Tensor => F.linear({ x, weight }).reshape([positions.length, heads, DIM]);
    const turned = async (weight: Tensor): Promise<number[][][]> =>
      (await rope(project(weight), positions).toArray()) as number[][][];

    const [theirQ, theirK] = await Promise.all(
      weights.map(async (weight) => {
        const plain = (await project(weight).toArray()) as number[][][];
        return plain.map((token, t) => token.map((head) => interleaved(head, positions[t])));
      }),
    );
    const [q, k] = await Promise.all(weights.map((weight) => turned(permuted(weight))));
    for (const [ours, theirs] of [
      [q, theirQ],
      [k, theirK],
    ])
      for (const [t, token] of ours.entries())
        for (const [h, head] of token.entries()) expect(head).toEqual(near(row.map((i) => theirs[t][h][i])));
    const wanted = near(scores(theirQ, theirK));
    expect(scores(q, k)).toEqual(wanted);
    const [wrongQ, wrongK] = await Promise.all(weights.map(turned)); // a converter that forgets
    expect(scores(wrongQ, wrongK)).not.toEqual(wanted);
  });
});
