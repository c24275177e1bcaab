/** The functions of fused kernels: named arguments, plain twins in float64, and words for every wrong tensor. */
import { afterAll, beforeAll, expect, it } from "vitest";
import * as plain from "../../src/device/kernels/plain.ts";
import { mulberry32 } from "../../src/platform/random.ts";
import { functional as F, type Tensor, type TensorDevice } from "../../src/tensor/index.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";

afterAll(closeDevices);

let device: TensorDevice;
beforeAll(async () => {
  device = await makeTensorDevice(0);
});

function draw(seed: number, count: number): number[] {
  const random = mulberry32(seed);
  return Array.from({ length: count }, () => Math.fround(2 * random() - 1));
}

async function close(found: Tensor, wanted: readonly number[], tolerance = 2e-5): Promise<void> {
  const values = [...(await found.data())];
  expect(values).toHaveLength(wanted.length);
  for (const [i, value] of values.entries()) {
    if (!(Math.abs(value - wanted[i]) <= tolerance * (1 + Math.abs(wanted[i]))))
      expect(`${i}: ${value}`).toBe(wanted[i]);
  }
}

const rows = (flat: readonly number[], cols: number): number[][] =>
  Array.from({ length: flat.length / cols }, (_, r) => flat.slice(r * cols, (r + 1) * cols));

it("norms work along the last axis of any shape, and back", async () => {
  const [x, w, b, dy] = [draw(1, 24), draw(2, 4), draw(3, 4), draw(4, 24)];
  const tensor = device.from(x, [2, 3, 4]);
  const [weight, bias, up] = [device.from(w, [4]), device.from(b, [4]), device.from(dy, [2, 3, 4])];
  const rms = F.rmsNorm({ x: tensor, weight });
  expect([rms.y.shape, rms.rstd.shape]).toEqual([[2, 3, 4], [6]]);
  await close(rms.y, plain.rmsNorm(rows(x, 4), w, 1e-5).flat());
  const dweight = device.zeros([4]);
  const dx = F.rmsNormBackward({ x: tensor, weight, rstd: rms.rstd, dy: up, dweight });
  const dot = (y: readonly number[]): number => y.reduce((sum, value, i) => sum + value * dy[i], 0);
  await close(
    dx,
    plain.slopes((a) => dot(plain.rmsNorm(rows(a, 4), w, 1e-5).flat()), x),
    1e-4,
  );
  await close(
    dweight,
    plain.slopes((a) => dot(plain.rmsNorm(rows(x, 4), a, 1e-5).flat()), w),
    1e-4,
  );
  const layer = F.layerNorm({ x: tensor, weight, bias, eps: 1e-3 });
  await close(layer.y, plain.layerNorm(rows(x, 4), w, b, 1e-3).flat());
  const [dw, dbias] = [device.zeros([4]), device.zeros([4])];
  const { mean, rstd } = layer;
  const back = F.layerNormBackward({ x: tensor, weight, mean, rstd, dy: up, dweight: dw, dbias });
  await close(
    back,
    plain.slopes((a) => dot(plain.layerNorm(rows(a, 4), w, b, 1e-3).flat()), x),
    3e-4,
  );
});

it("a lookup and its gradient, and the loss with its own", async () => {
  const table = device.from(draw(5, 12), [4, 3]);
  const index = device.tensor(
    [
      [3, 0],
      [3, 1],
    ],
    "i32",
  );
  const found = F.embedding({ table, index });
  expect(await found.toArray()).toEqual(
    await Promise.all(
      [
        [3, 0],
        [3, 1],
      ].map((row) => Promise.all(row.map((at) => table.select(0, at).toArray()))),
    ),
  );
  const grown = F.embeddingBackward({ table: device.zeros([4, 3]), index, source: device.ones([2, 2, 3]) });
  expect(await grown.toArray()).toEqual([
    [1, 1, 1],
    [1, 1, 1],
    [0, 0, 0],
    [2, 2, 2],
  ]);
  const put = F.indexCopy({ table: device.full([4, 3], 5), index, source: device.from(draw(7, 12), [2, 2, 3]) });
  const at = [...(await index.data())];
  const source = rows(draw(7, 12), 3);
  expect(rows([...(await put.data())], 3)).toEqual(
    Array.from({ length: 4 }, (_, row) => (at.includes(row) ? source[at.lastIndexOf(row)] : [5, 5, 5])),
  );
  const logits = device.from(draw(6, 12), [3, 4]);
  const target = device.tensor([1, -100, 3], "i32");
  const { loss, dlogits } = F.crossEntropy({ logits, target, scale: 0.5 });
  const [first, , last] = rows(draw(6, 12), 4);
  const nll = (row: readonly number[], at: number): number =>
    Math.log(row.reduce((s, z) => s + Math.exp(z), 0)) - row[at];
  await close(loss, [nll(first, 1), 0, nll(last, 3)]);
  await close(
    dlogits.slice(0, 0, 1).contiguous(),
    plain.slopes((z) => 0.5 * nll(z, 1), first),
    1e-4,
  );
  expect(await dlogits.select(0, 1).toArray()).toEqual([0, 0, 0, 0]);
});

it("activations, their gradients, and masks that come back", async () => {
  const [a, b, dy] = [draw(7, 10), draw(8, 10), draw(9, 10)];
  const [gate, up, grad] = [a, b, dy].map((values) => device.from(values, [2, 5]));
  const silu = (z: number): number => z / (1 + Math.exp(-z));
  await close(
    F.swiglu({ gate, up }),
    a.map((z, i) => silu(z) * b[i]),
  );
  const { dgate, dup } = F.swigluBackward({ gate, up, dy: grad });
  await close(
    dup,
    a.map((z, i) => silu(z) * dy[i]),
  );
  await close(
    dgate,
    plain.slopes((z) => z.reduce((s, each, i) => s + silu(each) * b[i] * dy[i], 0), a),
    1e-4,
  );
  const tanh = (z: number): number => 0.5 * z * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (z + 0.044715 * z ** 3)));
  await close(F.gelu({ x: gate }), a.map(tanh));
  await close(
    F.geluBackward({ x: gate, dy: grad }),
    plain.slopes((z) => z.reduce((s, each, i) => s + tanh(each) * dy[i], 0), a),
    1e-4,
  );
  const x = device.ones([400]);
  const dropped = [...(await F.dropout({ x, p: 0.25, seed: 5 }).data())];
  expect(dropped).toEqual([...(await F.dropout({ x, p: 0.25, seed: 5 }).data())]);
  expect(new Set(dropped)).toEqual(new Set([0, Math.fround(4 / 3)]));
  const turned = F.rope({
    x: device.from(draw(3, 8), [2, 1, 4]),
    position: device.tensor([0, 1], "i32"),
    cos: device.zeros([2, 2]),
    sin: device.ones([2, 2]),
  });
  const restored = F.rope({
    x: turned,
    position: device.tensor([0, 1], "i32"),
    cos: device.zeros([2, 2]),
    sin: device.ones([2, 2]),
    back: true,
  });
  await close(restored, draw(3, 8));
});

it("attention over packed sequences and over pages is one thing, and has gradients", async () => {
  const [tokens, heads, kvHeads, dim] = [5, 2, 1, 4];
  const q = device.from(draw(1, tokens * heads * dim), [tokens, heads, dim]);
  const k = device.from(draw(2, tokens * kvHeads * dim), [tokens, kvHeads, dim]);
  const v = device.from(draw(3, tokens * kvHeads * dim), [tokens, kvHeads, dim]);
  const starts = device.tensor([0, 2, 5], "i32");
  const packed = F.attention({ q, k, v, qStarts: starts, kStarts: starts });
  // By hand: the last token of the second sequence sees all three of it.
  const [qs, ks, vs] = [draw(1, 40), draw(2, 20), draw(3, 20)];
  const query = qs.slice(4 * 8, 4 * 8 + 4);
  const scores = [2, 3, 4].map((t) => Math.exp(query.reduce((s, x, i) => s + x * ks[4 * t + i], 0) / 2));
  const sum = scores.reduce((s, x) => s + x, 0);
  const out = [0, 1, 2, 3].map((i) => [2, 3, 4].reduce((s, t, at) => s + (scores[at] / sum) * vs[4 * t + i], 0));
  await close(packed.o.slice(0, 4, 5).slice(1, 0, 1).contiguous(), out);
  // Pages of two tokens, out of order; what they do not hold does not matter.
  const pages = (flat: readonly number[]): Tensor => {
    const at = (t: number): number[] => flat.slice(4 * t, 4 * t + 4);
    return device.from([...at(4), 9, 9, 9, 9, ...at(0), ...at(1), ...at(2), ...at(3)], [3, 2, 1, 4]);
  };
  const paged = F.attentionPaged({
    q,
    k: pages(ks),
    v: pages(vs),
    qStarts: starts,
    lengths: device.tensor([2, 3], "i32"),
    tables: device.tensor(
      [
        [1, 0],
        [2, 0],
      ],
      "i32",
    ),
  });
  await close(paged.o, [...(await packed.o.data())]);
  const dout = device.ones([tokens, heads, dim]);
  const { dq, dk, dv } = F.attentionBackward({ q, k, v, ...packed, dout, qStarts: starts, kStarts: starts });
  const slope = async (which: "q" | "k" | "v", i: number): Promise<number> => {
    const values = { q: qs, k: ks, v: vs }[which];
    const shape = { q, k, v }[which].shape;
    const at = async (h: number): Promise<number> => {
      const moved = device.from(
        values.map((value, j) => (j === i ? value + h : value)),
        shape,
      );
      const { o } = F.attention({ q, k, v, qStarts: starts, kStarts: starts, [which]: moved });
      return o.sum().item();
    };
    return ((await at(0.02)) - (await at(-0.02))) / 0.04;
  };
  for (const [grad, which] of [
    [dq, "q"],
    [dk, "k"],
    [dv, "v"],
  ] as const) {
    const values = await grad.data();
    for (const i of [0, 7, 19]) expect(Math.abs(values[i] - (await slope(which, i)))).toBeLessThan(2e-3);
  }
});

it.each([8, 4] as const)("weights of %i bits are near the weights", async (bits) => {
  const [w, x] = [draw(1, 3 * 64), draw(2, 2 * 64)];
  const y = F.matmulQuantized({ x: device.from(x, [2, 64]), weight: F.quantize({ w: device.from(w, [3, 64]), bits }) });
  const exact = rows(x, 64).flatMap((a) => rows(w, 64).map((b) => a.reduce((s, value, i) => s + value * b[i], 0)));
  await close(y, exact, bits === 8 ? 0.03 : 0.5);
});

it("AdamW on all parameters, with clipped gradients", async () => {
  const [p, g] = [draw(1, 6), draw(2, 6)];
  const [parameter, gradient] = [device.from(p, [2, 3]), device.from(g, [2, 3])];
  const [first, second] = [device.zeros([2, 3]), device.zeros([2, 3])];
  const norm = F.gradNorm({ gradients: [gradient], most: 0.5 });
  F.adamw_({
    entries: [{ parameter, gradient, first, second }],
    factor: norm.slice(0, 1, 2),
    lr: 0.1,
    decay: 0,
    step: 1,
  });
  const length = Math.hypot(...g);
  await close(norm, [length, Math.min(1, 0.5 / length)]);
  await close(
    parameter,
    p.map((value, i) => value - 0.1 * Math.sign(g[i])),
    1e-4,
  ); // the first step is the sign
});

it("wrong tensors are named, with what to do", () => {
  const [x, weight, half] = [device.ones([2, 4]), device.ones([4]), device.ones([2, 4], "f16")];
  const cases: [() => unknown, string][] = [
    [() => F.rmsNorm({ x: half, weight }), 'rmsNorm takes x as f32, but got f16[2,4]. Cast it first: x.to("f32").'],
    [
      () => F.rmsNorm({ x, weight: device.ones([3]) }),
      "rmsNorm takes weight of shape [4], one for each column of x, but got f32[3].",
    ],
    [() => F.rmsNorm({ x: x.transpose(), weight }), "use x.contiguous()"],
    [() => F.rmsNorm({ x: 3 as never, weight }), "rmsNorm takes a tensor as x, but got "],
    [
      () => F.crossEntropy({ logits: x, target: device.zeros([3], "i32") }),
      "takes target of shape [2], one for each row of the logits",
    ],
    [() => F.dropout({ x, p: 1, seed: 1 }), "from 0 to less than 1, but got 1"],
    [
      () => F.dropout({ x, p: 0.1, seed: 1, place: { rows: device.tensor([0, 1, 2, 3, 4, 5], "i32"), width: 3 } }),
      "dropout takes rows of shape [2], one for each row of x, but got i32[6]",
    ],
    [
      () => F.dropout({ x, p: 0.1, seed: 1, place: { rows: device.tensor([0, 1], "i32"), width: 4, from: 1 } }),
      "dropout of columns 1 to 5 of a whole that is 4 wide: a part lies inside its whole.",
    ],
    [
      () => F.dropout({ x, p: 0.1, seed: 1, block: 2, place: { rows: device.tensor([0, 1], "i32"), width: 4 } }),
      "dropout of a part counts from the whole's first element, not from block 2.",
    ],
    [() => F.quantize({ w: device.ones([2, 40]), bits: 8 }), "groups of 32 columns, but w is f32[2,40]"],
    [() => F.gradNorm({ gradients: [] }), "at least one tensor"],
    [
      () => device.raw.launch("swiglu", [x.ref(), x.ref(), x.ref()], []),
      "Kernel swiglu takes 1 scalars (n), but was launched with 0.",
    ],
  ];
  for (const [call, message] of cases) expect(call).toThrow(message);
});
