/** Functions that training needs beside layers: places, factors, routes, weighted losses, optimizers. Against float64 twins. */
import fc from "fast-check";
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

function draw(seed: number, count: number, scale = 1): number[] {
  const random = mulberry32(seed);
  return Array.from({ length: count }, () => Math.fround(scale * (2 * random() - 1)));
}

const read = async (tensor: Tensor): Promise<number[]> => [...(await tensor.data())];
const make = (values: readonly number[], shape: readonly number[] = [values.length]): Tensor =>
  device.from(values, shape);

async function close(found: Tensor, wanted: readonly number[], tolerance = 1e-5): Promise<void> {
  const values = await read(found);
  expect(values).toHaveLength(wanted.length);
  for (const [i, value] of values.entries()) {
    if (!(Math.abs(value - wanted[i]) <= tolerance * (1 + Math.abs(wanted[i]))))
      expect(`${i}: ${value}`).toBe(wanted[i]);
  }
}

it.each(["f32", "f16", "i32", "u8"] as const)("a tensor is written into any view of another, %s", (dtype) =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 }),
      fc.nat(1e6),
      async (shape, seed) => {
        const size = shape.reduce((a, b) => a * b, 1);
        const source = device.from(
          Array.from({ length: size }, (_, i) => (i * 7 + seed) % 200),
          shape,
          dtype,
        );
        // A window of a larger tensor, with its axes turned about.
        const larger = shape.map((length, axis) => length + ((seed >> axis) & 3));
        const whole = device.zeros([...larger].reverse(), dtype);
        let view = whole.permute(shape.map((_, axis) => shape.length - 1 - axis));
        for (const [axis, length] of shape.entries()) view = view.slice(axis, larger[axis] - length, larger[axis]);
        F.place_({ source, target: view });
        expect(await read(view.contiguous())).toEqual(await read(source));
        expect(await whole.to("f32").sum().item()).toBe(await source.to("f32").sum().item()); // nothing else changed
        if (dtype !== "f32") return;
        F.place_({ source, target: view, add: true });
        expect(await read(view.contiguous())).toEqual((await read(source)).map((value) => 2 * value));
        expect(await whole.sum().item()).toBe(2 * (await source.sum().item()));
      },
    ),
    { numRuns: 25 },
  ),
);

it("a factor in memory, and SiLU with its gradient", async () => {
  const [x, dy] = [draw(1, 37, 6), draw(2, 37)];
  await close(
    F.scaleBy({ x: make(x), factor: make([0.3]) }),
    x.map((value) => value * 0.3),
    1e-6,
  );
  const y = make(x);
  expect(F.scaleBy({ x: y, factor: make([-2], []), inPlace: true })).toBe(y);
  expect(await read(y)).toEqual(x.map((value) => -2 * value));
  await close(F.silu({ x: make(x) }), plain.silu(x));
  await close(
    F.siluBackward({ x: make(x), dy: make(dy) }),
    plain.slopes((v) => plain.silu(v).reduce((s, value, i) => s + value * dy[i], 0), x),
  );
});

it.each([true, false])("tokens go to the experts with the largest logits, renormalized: %s", (renormalize) =>
  fc.assert(
    fc.asyncProperty(
      fc.nat(1e6),
      fc.integer({ min: 1, max: 11 }),
      fc.integer({ min: 0, max: 6 }),
      async (seed, experts, count) => {
        const k = 1 + (seed % experts);
        const logits = draw(seed, count * experts, 4).map((value) => Math.round(value * 2) / 2); // many equal ones
        const dweight = draw(seed + 1, count * k);
        const rows = Array.from({ length: count }, (_, t) => logits.slice(t * experts, (t + 1) * experts));
        const wanted = rows.map((row) => plain.route(row, k, renormalize));
        const given = { logits: make(logits, [count, experts]), k, renormalize };
        const { chosen, weight } = F.route(given);
        expect(await read(chosen)).toEqual(wanted.flatMap((row) => row.chosen));
        await close(
          weight,
          wanted.flatMap((row) => row.weight),
        );
        const dlogits = F.routeBackward({ ...given, chosen, weight, dweight: make(dweight, [count, k]) });
        const slopes = rows.flatMap((row, t) =>
          plain.slopes((moved) => {
            const total = moved.reduce(
              (s, z, e) => s + (renormalize && !wanted[t].chosen.includes(e) ? 0 : Math.exp(z)),
              0,
            );
            return wanted[t].chosen.reduce((s, e, j) => s + (dweight[t * k + j] * Math.exp(moved[e])) / total, 0);
          }, row),
        );
        await close(dlogits, slopes);
        const sorted = F.sortByExpert({ chosen, experts });
        const flat = wanted.flatMap((row) => row.chosen);
        const order = flat.map((_, i) => i).sort((a, b) => flat[a] - flat[b] || a - b);
        expect(await read(sorted.order)).toEqual(order);
        expect(await read(sorted.place)).toEqual(flat.map((_, i) => order.indexOf(i)));
        const starts = Array.from({ length: experts + 1 }, (_, e) => flat.filter((other) => other < e).length);
        expect(await read(sorted.starts)).toEqual(starts);
      },
    ),
    { numRuns: 25 },
  ),
);

it("NaN logits are chosen last", async () => {
  const { chosen } = F.route({ logits: make([NaN, -Infinity, NaN, 1], [1, 4]), k: 4 });
  expect(await read(chosen)).toEqual([3, 1, 0, 2]);
});

it("the loss of each row has a weight, and so has its gradient", async () => {
  const [rows, cols] = [5, 7];
  const [logits, weight] = [draw(3, rows * cols, 5), draw(4, rows)];
  const target = [6, 0, -100, 3, 3];
  const lines = Array.from({ length: rows }, (_, r) => logits.slice(r * cols, (r + 1) * cols));
  const given = { logits: make(logits, [rows, cols]), target: device.tensor(target, "i32"), weight: make(weight) };
  const { loss, dlogits } = F.weightedCrossEntropy({ ...given, scale: 0.5 });
  await close(
    loss,
    plain.crossEntropy(lines, target, -100).map((value, r) => value * weight[r]),
  );
  const total = (z: number[]): number =>
    plain
      .crossEntropy(
        lines.map((_, r) => z.slice(r * cols, (r + 1) * cols)),
        target,
        -100,
      )
      .reduce((s, value, r) => s + 0.5 * value * weight[r], 0);
  await close(dlogits, plain.slopes(total, logits));
  const ones = F.weightedCrossEntropy({ ...given, weight: device.ones([rows]) });
  const without = F.crossEntropy(given);
  expect(await read(ones.dlogits)).toEqual(await read(without.dlogits));
});

it("SGD, Adam, and AdamW over masters, on tensors of several sizes", async () => {
  const sizes = [1, 6, 5000, 0];
  const [p, g, m, v] = [1, 2, 3, 4].map((base) => sizes.map((n, i) => draw(base * 10 + i, n)));
  const positive = v.map((list) => list.map(Math.abs));
  const factor = make([0.5]);
  const halved = g.map((list) => list.map((value) => value / 2));
  const options = { lr: 0.1, momentum: 0.9, dampening: 0, nesterov: false, decay: 0.2, first: false };
  for (const change of [{}, { dampening: 0.3 }, { nesterov: true }, { first: true }]) {
    const entries = sizes.map((_, i) => ({ parameter: make(p[i]), gradient: make(g[i]), buffer: make(m[i]) }));
    F.sgd_({ entries, factor, ...options, ...change });
    for (const [i, entry] of entries.entries()) {
      const wanted = plain.sgd(p[i], halved[i], m[i], { ...options, ...change });
      await close(entry.parameter, wanted.parameter, 2e-6);
      await close(entry.buffer, wanted.buffer, 2e-6);
    }
  }
  const plainly = sizes.map((_, i) => ({ parameter: make(p[i]), gradient: make(g[i]) }));
  F.sgd_({ entries: plainly, factor, lr: 0.1, decay: 0.2 });
  for (const [i, { parameter }] of plainly.entries()) {
    await close(
      parameter,
      p[i].map((value, j) => value - 0.1 * (halved[i][j] + 0.2 * value)),
      2e-6,
    );
  }
  const adam = { lr: 0.01, beta1: 0.9, beta2: 0.95, eps: 1e-8, decay: 0.1, step: 3 };
  const state = (i: number) => ({ gradient: make(g[i]), first: make(m[i]), second: make(positive[i]) });
  const coupled = sizes.map((_, i) => ({ parameter: make(p[i]), ...state(i) }));
  F.adam_({ entries: coupled, factor, ...adam });
  const masters = sizes.map((n, i) => ({ parameter: device.zeros([n], "bf16"), master: make(p[i]), ...state(i) }));
  F.adamwMaster_({ entries: masters, factor, ...adam });
  for (const [i] of sizes.entries()) {
    const wanted = plain.adam(p[i], halved[i], m[i], positive[i], adam);
    await close(coupled[i].parameter, wanted.parameter, 3e-6);
    await close(coupled[i].first, wanted.first, 3e-6);
    await close(coupled[i].second, wanted.second, 3e-6);
    const { parameter, master } = masters[i];
    await close(master, plain.adamw(p[i], halved[i], m[i], positive[i], adam).parameter, 3e-6);
    expect(await read(parameter)).toEqual(await read(master.to("bf16")));
  }
});

it("what is wrong is named", async () => {
  const x = device.ones([2, 4]);
  const cases: [() => unknown, string][] = [
    [() => F.place_({ source: x, target: device.ones([2, 3]) }), "place_ takes source of shape [2,3], as the target"],
    [() => F.place_({ source: x, target: device.ones([2, 4], "i32") }), "takes source as i32, but got f32[2,4]"],
    [() => F.place_({ source: x, target: device.ones([2, 4], "i32"), add: true }), "adds to f32 only"],
    [() => F.scaleBy({ x, factor: x }), "a factor of one element, but got f32[2,4]"],
    [() => F.route({ logits: x, k: 5 }), "route takes a k from 1 to the 4 experts, but got 5"],
    [() => F.route({ logits: device.ones([4]), k: 1 }), "logits [tokens, experts], but got f32[4]"],
    [() => F.sgd_({ entries: [], factor: device.ones([1]), lr: 1, nesterov: true }), "nesterov with a momentum"],
    [
      () => F.sgd_({ entries: [{ parameter: x, gradient: x }], factor: device.ones([1]), lr: 1, momentum: 0.9 }),
      "sgd_ takes a tensor as buffer, but got",
    ],
    [() => F.adam_({ entries: [], factor: device.ones([1]), lr: 1, step: 0 }), "adam_ counts its steps from 1"],
    [
      () => device.raw.launch("route", [x.ref(), x.ref(), x.ref()], [2, 4, 5, 0]),
      "A token is routed to 1 to 4 of 4 experts, but not to 5.",
    ],
  ];
  for (const [call, message] of cases) expect(call).toThrow(message);
  const other = await makeTensorDevice(0);
  const chosen = other.tensor([[0], [4]], "i32");
  F.sortByExpert({ chosen, experts: 4 });
  await expect(other.synchronize()).rejects.toThrow("choice 1 is no expert among the 4");
  const another = await makeTensorDevice(0);
  const [logits, one] = [another.ones([2, 4]), another.ones([2, 1])];
  const wrong = another.tensor([[0], [4]], "i32");
  F.routeBackward({ logits, k: 1, chosen: wrong, weight: one, dweight: one });
  await expect(another.synchronize()).rejects.toThrow("token 1 chose an expert that is not among the 4");
});
