/** The float64 twin: every derivative against central differences, and wrong ones that are found. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Derivative, Value } from "../../src/autograd/twin.ts";
import { Plain } from "../../src/tensor/plain.ts";
import { draw, gradientError } from "../helpers/gradcheck.ts";
import * as net from "../helpers/twin-network.ts";

/** Far above what a central difference with a step of 1e-5 is off by, far below a forgotten term. */
const near = 1e-7;
const runs = 25;
const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 });
const solid = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 });
const seeds = fc.nat(1e6);

/** Shapes that broadcast: axes of length 1 on either side, and leading ones that one side lacks. */
const pairs = fc
  .tuple(solid, fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }), fc.nat(3))
  .map(([shape, ones, drop]) => {
    const stretched = (from: number) => shape.map((length, i) => (ones[from + i] ? 1 : length));
    return [stretched(0), stretched(3).slice(Math.min(drop, shape.length))] as const;
  });

/** Away from 0, where relu and abs have a corner, and where 1/x is steep. */
const awayFromZero = (x: Plain): Plain => x.map((value) => value + Math.sign(value || 1) * 0.1);

describe("derivatives equal central differences", () => {
  const unary: Readonly<Record<string, (x: Value) => Value>> = {
    neg: (x) => x.neg(),
    exp: (x) => x.exp(),
    tanh: (x) => x.tanh(),
    relu: (x) => x.relu(),
    sigmoid: (x) => x.sigmoid(),
    abs: net.abs,
    silu: net.silu,
    gelu: net.gelu,
  };
  it.each(Object.entries(unary))("%s", (_, f) => {
    fc.assert(
      fc.property(shapes, seeds, (shape, seed) => {
        expect(gradientError(f, [awayFromZero(draw(shape, seed))])).toBeLessThan(near);
      }),
      { numRuns: runs },
    );
  });

  it.each(Object.entries({ log: (x: Value) => x.log(), sqrt: (x: Value) => x.sqrt() }))("%s", (_, f) => {
    fc.assert(
      fc.property(shapes, seeds, (shape, seed) => {
        expect(gradientError(f, [draw(shape, seed, 0.3, 3)])).toBeLessThan(near);
      }),
      { numRuns: runs },
    );
  });

  const binary: Readonly<Record<string, (a: Value, b: Value) => Value>> = {
    add: (a, b) => a.add(b),
    sub: (a, b) => a.sub(b),
    mul: (a, b) => a.mul(b),
    maximum: net.maximum,
    minimum: net.minimum,
    swiglu: net.swiglu,
  };
  it.each(Object.entries(binary))("%s, with broadcasting", (_, f) => {
    fc.assert(
      fc.property(pairs, seeds, ([a, b], seed) => {
        expect(gradientError(f, [draw(a, seed), draw(b, seed + 1)])).toBeLessThan(near);
      }),
      { numRuns: runs },
    );
  });

  it("div, with broadcasting", () => {
    fc.assert(
      fc.property(pairs, seeds, ([a, b], seed) => {
        const divisor = draw(b, seed + 1).map((x) => x + Math.sign(x || 1) * 0.3);
        expect(gradientError((x, y) => x.div(y), [draw(a, seed), divisor])).toBeLessThan(near);
      }),
      { numRuns: runs },
    );
  });

  it("with a number in place of the second operand", () => {
    const f = (x: Value): Value => x.mul(3).add(1).sub(0.5).div(7);
    expect(gradientError(f, [draw([2, 3], 1)])).toBeLessThan(near);
    expect(f(Value.of([2], [])).data.data[0]).toBeCloseTo(6.5 / 7, 14);
  });

  const along: Readonly<Record<string, (x: Value, axis: number, keepdim: boolean) => Value>> = {
    sum: (x, axis, keepdim) => x.sum(axis, keepdim),
    mean: (x, axis, keepdim) => x.mean(axis, keepdim),
    softmax: (x, axis) => x.softmax(axis),
    max: net.max,
    min: net.min,
    prod: net.prod,
  };
  it.each(Object.entries(along))("%s along any axis", (_, f) => {
    fc.assert(
      fc.property(solid, fc.nat(2), fc.boolean(), fc.boolean(), seeds, (shape, which, keepdim, negative, seed) => {
        const axis = (which % shape.length) - (negative ? shape.length : 0);
        expect(gradientError((x) => f(x, axis, keepdim), [draw(shape, seed)])).toBeLessThan(near);
      }),
      { numRuns: runs },
    );
  });

  it("sum and mean of all", () => {
    fc.assert(
      fc.property(shapes, fc.boolean(), seeds, (shape, keepdim, seed) => {
        const x = draw(shape, seed);
        expect(gradientError((value) => value.sum(undefined, keepdim), [x])).toBeLessThan(near);
        expect(gradientError((value) => value.mean(undefined, keepdim), [x])).toBeLessThan(near);
      }),
      { numRuns: runs },
    );
  });

  it("matmul of vectors, matrices and batches that broadcast", () => {
    const length = fc.integer({ min: 1, max: 3 });
    const batch = fc.constantFrom([], [2], [1], [2, 1], [1, 3], [2, 3]);
    fc.assert(
      fc.property(length, length, length, batch, batch, fc.nat(3), seeds, (m, k, n, left, right, form, seed) => {
        fc.pre(
          left.every((axis, i) => [1, axis].includes(right[i - left.length + right.length] ?? axis) || axis === 1),
        );
        const a = form & 1 ? [k] : [...left, m, k];
        const b = form & 2 ? [k] : [...right, k, n];
        expect(gradientError((x, y) => x.matmul(y), [draw(a, seed), draw(b, seed + 1)])).toBeLessThan(near);
      }),
      { numRuns: 60 },
    );
  });

  it("reshape, permute, transpose and slice", () => {
    fc.assert(
      fc.property(solid, seeds, (shape, seed) => {
        const x = draw(shape, seed);
        const order = [...shape.keys()].sort((a, b) => ((a * 7 + seed) % 5) - ((b * 7 + seed) % 5));
        const axis = seed % shape.length;
        const from = seed % shape[axis];
        expect(gradientError((value) => value.reshape([x.data.length, 1]), [x])).toBeLessThan(near);
        expect(gradientError((value) => value.permute(order), [x])).toBeLessThan(near);
        expect(gradientError((value) => value.transpose(axis, -1), [x])).toBeLessThan(near);
        expect(gradientError((value) => value.slice(axis, from, shape[axis]), [x])).toBeLessThan(near);
      }),
      { numRuns: runs },
    );
  });

  it("rows, also taken twice or never", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3), { maxLength: 6 }), seeds, (index, seed) => {
        expect(gradientError((table) => table.rows(index), [draw([4, 3], seed)])).toBeLessThan(near);
      }),
      { numRuns: runs },
    );
  });
});

describe("what networks are made of equals central differences", () => {
  it("rmsNorm and layerNorm", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 2, max: 5 }), seeds, (rows, cols, seed) => {
        const [x, weight, bias] = [draw([rows, cols], seed), draw([cols], seed + 1), draw([cols], seed + 2)];
        expect(gradientError((a, w) => net.rmsNorm(a, w, 1e-2), [x, weight])).toBeLessThan(near);
        expect(gradientError((a, w, b) => net.layerNorm(a, w, b, 1e-1), [x, weight, bias])).toBeLessThan(near);
      }),
      { numRuns: runs },
    );
  });

  it("rope", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(50), { minLength: 1, maxLength: 3 }),
        fc.constantFrom(2, 4, 6),
        seeds,
        (at, dim, seed) => {
          expect(gradientError((x) => net.rope(x, at, 100), [draw([at.length, 2, dim], seed)])).toBeLessThan(near);
        },
      ),
      { numRuns: runs },
    );
  });

  it("attention: causal or not, grouped heads, packed sequences", () => {
    const form = fc.record({
      tokens: fc.integer({ min: 1, max: 4 }),
      kvHeads: fc.integer({ min: 1, max: 2 }),
      cut: fc.nat(3),
    });
    fc.assert(
      fc.property(
        form,
        fc.integer({ min: 1, max: 2 }),
        fc.boolean(),
        seeds,
        ({ tokens, kvHeads, cut }, group, causal, seed) => {
          const q = draw([tokens, kvHeads * group, 2], seed);
          const [k, v] = [1, 2].map((i) => draw([tokens, kvHeads, 2], seed + i));
          const starts = [...new Set([0, Math.min(cut, tokens), tokens])];
          const f = (...inputs: Value[]): Value => net.attention(inputs[0], inputs[1], inputs[2], { causal, starts });
          expect(gradientError(f, [q, k, v])).toBeLessThan(near);
        },
      ),
      { numRuns: runs },
    );
  });

  it("crossEntropy with ignored targets", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 1, 2, -100), { minLength: 1, maxLength: 4 }), seeds, (targets, seed) => {
        const logits = draw([targets.length, 3], seed);
        expect(gradientError((x) => net.crossEntropy(x, targets).sum, [logits])).toBeLessThan(near);
      }),
      { numRuns: runs },
    );
  });

  it("routing, with the kept weights summing to 1 or not", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.boolean(), seeds, (k, renormalize, seed) => {
        expect(gradientError((x) => net.routing(x, k, renormalize), [draw([3, 4], seed)])).toBeLessThan(near);
      }),
      { numRuns: runs },
    );
  });
});

describe("wrong derivatives are found", () => {
  /** An operation whose numbers are right and whose derivative is the one given. */
  const wrong = (y: Value, inputs: readonly Value[], derivative: Derivative) => new Value(y.data, inputs, derivative);
  const times = (a: Plain, b: Plain): Plain => a.zip(b, (x, y) => x * y);
  const x = draw([3, 4], 1);
  const mutants: Readonly<Record<string, readonly [(...inputs: Value[]) => Value, readonly Plain[]]>> = {
    "mul forgets its second operand": [
      (a, b) => wrong(a.mul(b), [a, b], (g) => [times(g, b.data), g.map(() => 0)]),
      [x, draw([3, 4], 2)],
    ],
    "sub has no sign": [(a, b) => wrong(a.sub(b), [a, b], (g) => [g, g]), [x, draw([3, 4], 2)]],
    "tanh's slope is 1 - y": [
      (a) =>
        wrong(a.tanh(), [a], (g) => [
          times(
            g,
            a.data.map((v) => 1 - Math.tanh(v)),
          ),
        ]),
      [x],
    ],
    "softmax forgets what the others lose": [
      (a) => {
        const y = a.softmax();
        return wrong(y, [a], (g) => [times(g, y.data)]);
      },
      [x],
    ],
    "matmul does not transpose": [
      (a, b) => wrong(a.matmul(b), [a, b], (g) => [g.matmul(b.data), a.data.matmul(g)]),
      [draw([3, 3], 1), draw([3, 3], 2)],
    ],
    "mean passes the gradient whole": [(a) => wrong(a.mean(), [a], (g) => [a.data.map(() => g.data[0])]), [x]],
    "permute goes the same way back": [
      (a) => wrong(a.permute([1, 2, 0]), [a], (g) => [g.permute([1, 2, 0])]),
      [draw([3, 3, 3], 1)],
    ],
    "rows keep the last use only": [
      (a) => wrong(a.rows([1, 1]), [a], (g) => [Plain.build(a.shape, ([r, c]) => (r === 1 ? g.at([1, c]) : 0))]),
      [x],
    ],
    "layerNorm treats its mean as a constant": [
      (a, w, b) => {
        const centred = a.sub(net.detach(a.mean(-1, true)));
        return centred.div(centred.mul(centred).mean(-1, true).add(0.1).sqrt()).mul(w).add(b);
      },
      [x, draw([4], 2), draw([4], 3)],
    ],
    "rmsNorm treats its root as a constant": [
      (a, w) => a.div(net.detach(a.mul(a).mean(-1, true).add(0.1).sqrt())).mul(w),
      [x, draw([4], 2)],
    ],
    "rope turns on instead of back": [
      (a) => wrong(net.rope(a, [1, 2], 100), [a], (g) => [net.rope(new Value(g), [1, 2], 100).data]),
      [draw([2, 1, 4], 1)],
    ],
    "crossEntropy forgets the softmax": [
      (a) =>
        wrong(net.crossEntropy(a, [0, 1, 2]).sum, [a], (g) => [
          Plain.build(a.shape, ([r, c]) => (r === c ? -g.data[0] : 0)),
        ]),
      [x],
    ],
    "grouped heads share the mean of their gradients instead of the sum": [
      (q, k, v) =>
        net.attention(
          q,
          wrong(k, [k], (g) => [g.map((value) => value / 2)]),
          v,
        ),
      [draw([3, 2, 2], 1), draw([3, 1, 2], 2), draw([3, 1, 2], 3)],
    ],
    "gelu forgets the slope of its cube": [
      (a) => {
        const cube = net.detach(a.mul(a).mul(a).mul(0.044715));
        return a
          .add(cube)
          .mul(Math.sqrt(2 / Math.PI))
          .tanh()
          .add(1)
          .mul(a)
          .mul(0.5);
      },
      [x],
    ],
    "routing renormalizes with a constant": [
      (a) => {
        const kept = net.routing(a, 2, false);
        return kept.div(net.detach(kept.sum(-1, true)));
      },
      [x],
    ],
  };
  it.each(Object.entries(mutants))("%s", (_, [f, inputs]) => {
    expect(gradientError(f, inputs)).toBeGreaterThan(1e-3);
  });

  it("a gradient that does not fit its input throws", () => {
    const x = Value.of([1, 2, 3]);
    const y = wrong(x.exp(), [x], () => [new Plain([2], [1, 1])]);
    expect(() => y.backward()).toThrow("A derivative gave a gradient [2] for an input [3].");
  });
});

describe("backward", () => {
  it("adds up over uses, and over passes", () => {
    const [x, w] = [Value.of([2], []), Value.of([3], [])];
    const y = x.mul(w).mul(w); // (x·w)·w: dw = 2xw
    y.backward();
    expect([w.grad?.data[0], x.grad?.data[0]]).toEqual([12, 9]);
    y.backward();
    expect([w.grad?.data[0], x.grad?.data[0]]).toEqual([24, 18]);
  });

  it("leaves what it does not reach at null", () => {
    const [x, unused] = [Value.of([1, 2]), Value.of([3, 4])];
    x.sum().backward();
    expect(unused.grad).toBeNull();
    expect(x.grad?.data).toEqual(Float64Array.of(1, 1));
  });

  it("passes each Value once, however many ways lead to it", () => {
    let passes = 0;
    const x = Value.of([1], []);
    let y = new Value(x.data, [x], (grad) => {
      passes++;
      return [grad];
    });
    for (let i = 0; i < 40; i++) y = y.add(y); // 2^40 ways
    y.backward();
    expect(passes).toBe(1);
    expect(x.grad?.data[0]).toBe(2 ** 40);
  });

  it("a weight used twice has both parts of its gradient", () => {
    const w = Value.of([0.4, -0.2, 0.7, 0.3], [2, 2]);
    const x = Value.of([1.1, -0.7]);
    const loss = x.matmul(w).matmul(w).sum();
    loss.backward();
    expect(loss.data.data[0]).toBeCloseTo(-0.44, 14);
    for (const [i, value] of [-0.12, 0.44].entries()) expect(x.grad?.data[i]).toBeCloseTo(value, 14);
    for (const [i, value] of [0.17, 1.05, -0.57, -1.13].entries()) expect(w.grad?.data[i]).toBeCloseTo(value, 14);
  });

  it("top-1 routing gives the router a gradient only while its weight is not renormalized", () => {
    for (const [renormalize, slope] of [
      [false, 0.31498076],
      [true, 0],
    ] as const) {
      const logits = Value.of([2, 0], [1, 2]);
      net
        .routing(logits, 1, renormalize)
        .mul(Value.of([3, 0]))
        .sum()
        .backward();
      expect(logits.grad?.data[0]).toBeCloseTo(slope, 8);
      expect(logits.grad?.data[1]).toBeCloseTo(-slope, 8);
    }
  });

  it("a loss of nothing is 0, and its gradients are zeros", () => {
    const logits = Value.of([1, 2, 3, 4], [2, 2]);
    const { sum, count } = net.crossEntropy(logits, [-100, -100]);
    sum.backward();
    expect([sum.data.data[0], count]).toEqual([0, 0]);
    expect([...(logits.grad?.data ?? [1])].every((g) => g === 0)).toBe(true);
  });

  it("says what does not fit", () => {
    const x = Value.of([1, 2, 3, 4, 5, 6], [2, 3]);
    expect(() => x.backward(new Plain([3], [1, 1, 1]))).toThrow(
      "backward of [2,3] takes a gradient like it, but got [3].",
    );
    expect(() => Value.of([1, 2], [3])).toThrow("2 numbers do not fill the shape [3].");
    expect(() => x.matmul(x)).toThrow("[2,3] does not multiply [2,3].");
    expect(() => x.reshape([4])).toThrow("[2,3] does not become [4].");
    expect(() => x.rows([2])).toThrow("[2,3] has no row 2.");
    expect(() => x.slice(1, 2, 4)).toThrow("[2,3] has no 2 to 4 along axis 1.");
    expect(() => x.add(Value.of([1, 2]))).toThrow("do not broadcast");
  });
});
