/** The float64 twin, and plain optimizers, against what PyTorch computed. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Value } from "../../src/autograd/twin.ts";
import { Plain } from "../../src/tensor/plain.ts";
import { agree, type Case, fixtures, fixturesFile } from "../helpers/fixtures.ts";
import { isLong } from "../helpers/long.ts";
import { adam, clip, cosine, norm, sgd } from "../helpers/plain-optimizers.ts";
import * as net from "../helpers/twin-network.ts";

/** The file's numbers are rounded to f32 once. */
const rounding = 1e-6;

type Twin = (x: Record<string, Value>, options: Record<string, never>, index: readonly number[]) => Value;

/** Both operands, or one and a number. */
const pair =
  (f: (a: Value, b: Value) => Value): Twin =>
  ({ a, b }, { other }) =>
    f(a, b ?? Value.of([other], []));
const all = (x: Value): Value => x.reshape([x.data.data.length]);
/** Reductions of the twin's composites want an axis. */
const along =
  (f: (x: Value, axis: number, keepdim?: boolean) => Value): Twin =>
  ({ x }, { axis, keepdim }) =>
    axis === undefined ? f(all(x), 0) : f(x, axis, keepdim);

/** Each operation of the file, by the twin. */
const twins: Readonly<Record<string, Twin>> = {
  neg: ({ x }) => x.neg(),
  abs: ({ x }) => net.abs(x),
  exp: ({ x }) => x.exp(),
  log: ({ x }) => x.log(),
  sqrt: ({ x }) => x.sqrt(),
  tanh: ({ x }) => x.tanh(),
  relu: ({ x }) => x.relu(),
  sigmoid: ({ x }) => x.sigmoid(),
  silu: ({ x }) => net.silu(x),
  gelu: ({ x }) => net.gelu(x),
  add: pair((a, b) => a.add(b)),
  sub: pair((a, b) => a.sub(b)),
  mul: pair((a, b) => a.mul(b)),
  div: pair((a, b) => a.div(b)),
  minimum: pair(net.minimum),
  maximum: pair(net.maximum),
  sum: ({ x }, { axis, keepdim }) => x.sum(axis, keepdim),
  mean: ({ x }, { axis, keepdim }) => x.mean(axis, keepdim),
  prod: along(net.prod),
  max: along(net.max),
  min: along(net.min),
  softmax: ({ x }, { axis }) => x.softmax(axis),
  matmul: ({ a, b }) => a.matmul(b),
  linear: ({ x, weight, bias }) => {
    const y = x.matmul(weight.transpose());
    return bias ? y.add(bias) : y;
  },
  reshape: ({ x }, { shape }) => x.reshape(shape),
  flatten: ({ x }) => all(x),
  transpose: ({ x }, { a, b }) => x.transpose(a, b),
  permute: ({ x }, { order }) => x.permute(order),
  slice: ({ x }, { axis, from, to }) => x.slice(axis, from, to),
  select: ({ x }, { axis, index }) => x.slice(axis, index, index + 1).reshape(x.shape.toSpliced(axis, 1)),
  unsqueeze: ({ x }, { axis }) => x.reshape(x.shape.toSpliced(axis, 0, 1)),
  embedding: ({ table }, _, index) => table.rows(index),
  crossEntropy: ({ logits }, { ignored, reduction }, target) => {
    const { sum, each } = net.crossEntropy(logits, target, ignored);
    if (reduction === "sum") return sum;
    const counted = [...target.keys()].filter((row) => target[row] !== ignored);
    const spread = net.constant([target.length, counted.length], ([row, at]) => Number(counted[at] === row));
    return spread.matmul(each);
  },
  rmsNorm: ({ x, weight }, { eps }) => net.rmsNorm(x, weight, eps),
  layerNorm: ({ x, weight, bias }, { eps }) => net.layerNorm(x, weight, bias, eps),
  swiglu: ({ gate, up }) => net.swiglu(gate, up),
  rope: ({ x }, { base }, position) => net.rope(x, position, base),
  attention: ({ q, k, v }, options) => net.attention(q, k, v, options),
  routing: ({ logits }, { k, renormalize }) => net.routing(logits, k, renormalize),
};

function check({ operation, inputs, options, output, upstream, gradients }: Case, twin: Twin): void {
  const entries = Object.entries(inputs);
  const floats = entries.filter(([, box]) => box.dtype === undefined);
  const values = Object.fromEntries(floats.map(([name, { shape, data }]) => [name, Value.of(data, shape)]));
  const index = entries.find(([, box]) => box.dtype === "i32")?.[1].data ?? [];
  const y = twin(values, options as Record<string, never>, index);
  agree(`${operation}'s output`, y.data.data, output.data, rounding);
  // An index of two axes gives the same rows in another shape.
  if (operation !== "embedding") expect(y.shape).toEqual(output.shape);
  y.backward(new Plain(y.shape, upstream));
  expect(Object.keys(gradients)).toEqual(Object.keys(values));
  for (const [name, gradient] of Object.entries(gradients))
    agree(`${operation}'s gradient of ${name}`, values[name].grad?.data ?? [], gradient, rounding);
}

describe("the twin agrees with PyTorch", () => {
  it("there is a case of each operation, and a twin of each case", () => {
    expect(new Set(fixtures.cases.map((each) => each.operation))).toEqual(new Set(Object.keys(twins)));
  });

  it.each(Object.keys(twins))("%s", (operation) => {
    for (const each of fixtures.cases) if (each.operation === operation) check(each, twins[operation]);
  });

  it("and would not with another operation", () => {
    const swapped = { ...twins, gelu: twins.silu, sub: twins.add, minimum: twins.maximum };
    for (const operation of ["gelu", "sub", "minimum"] as const) {
      const each = fixtures.cases.find((one) => one.operation === operation) as Case;
      expect(() => check(each, swapped[operation])).toThrow(`${operation}'s output: element`);
    }
    const matmul = fixtures.cases.find((one) => one.operation === "matmul" && one.output.shape.length > 1) as Case;
    const onlyForward: Twin = ({ a, b }) => a.matmul(net.detach(b)).add(b.sum().mul(0));
    expect(() => check(matmul, onlyForward)).toThrow("matmul's gradient of b: element 0 is 0");
  });
});

describe("plain optimizers agree with PyTorch", () => {
  const named = fixtures.optimizers.map((each) => [`${each.optimizer} ${JSON.stringify(each.options)}`, each] as const);
  it.each(named)("%s", (_, { optimizer, options, clip: most, initial, gradients, norms, parameters }) => {
    const weights = initial.map(({ data }) => Float64Array.from(data));
    const updates = weights.map(() => (optimizer === "SGD" ? sgd(options) : adam(options, optimizer === "AdamW")));
    for (const [step, given] of gradients.entries()) {
      const own = given.map((data) => Float64Array.from(data));
      agree("the norm", [clip(own, most ?? Number.POSITIVE_INFINITY)], [norms[step]], rounding);
      for (const [i, update] of updates.entries()) {
        update(weights[i], own[i], step + 1);
        agree(`parameter ${i} after step ${step + 1}`, weights[i], parameters[step][i], rounding);
      }
    }
  });

  it("clipping by norms of all types", () => {
    for (const { gradients, type, most, norm: wanted, clipped } of fixtures.clipping) {
      const own = gradients.map((data) => Float64Array.from(data));
      const kind = type === "inf" ? Number.POSITIVE_INFINITY : type;
      expect(norm(own, kind)).toBeCloseTo(wanted, 5);
      clip(own, most, kind);
      for (const [i, data] of clipped.entries()) agree("a clipped gradient", own[i], data, rounding);
    }
  });

  it("25 learning rates", () => {
    const { options, values } = fixtures.schedule;
    agree(
      "the schedule",
      values.map((_, step) => cosine(step, options)),
      values,
      1e-14,
    );
    expect([values.length, values[0], values[7], values[14], values[24]]).toEqual([25, 0, 1, 0.55, 0.1]);
  });

  it("Adam's decay goes through the moments, AdamW's does not", () => {
    const options = { lr: 0.1, weightDecay: 0.5 };
    const decayed = [true, false].map((decoupled) => {
      const w = Float64Array.of(1);
      adam(options, decoupled)(w, Float64Array.of(0), 1);
      return w[0];
    });
    expect(decayed[0]).toBeCloseTo(0.95, 12); // 1 - lr · decay
    expect(decayed[1]).toBeCloseTo(0.9, 6); // a whole step of lr, whatever the decay's size
  });
});

describe("the file", () => {
  /** Every number in it, in order, and everything else as it stands. */
  const flat = (json: string): { words: string; numbers: number[] } => {
    const numbers: number[] = [];
    const words = json.replace(/"torch":.*/, "").replace(/-?\d+(\.\d+)?(e[-+]?\d+)?/g, (number) => {
      numbers.push(Number(number));
      return "#";
    });
    return { words, numbers };
  };

  it("is what its generator writes", ({ skip }) => {
    if (!isLong) skip("in the long form");
    const python = process.env.WORLDSIZE_PYTHON ?? "/usr/bin/python3";
    if (spawnSync(python, ["-c", "import torch"]).status !== 0) skip(`${python} cannot import torch here`);
    const generator = fileURLToPath(new URL("../../tools/fixtures/torch_fixtures.py", import.meta.url));
    const { stdout, stderr } = spawnSync(python, [generator], { encoding: "utf8", maxBuffer: 1 << 24 });
    expect(stderr).toBe("");
    const [written, committed] = [flat(stdout), flat(readFileSync(fixturesFile, "utf8"))];
    expect(written.words).toBe(committed.words);
    agree("the generator's output", written.numbers, committed.numbers, rounding);
  });
});
