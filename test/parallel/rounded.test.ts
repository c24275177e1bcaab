/** Running errors: each rule against its formula, and sums and products in f32 against what the rules say of them. */
import { expect, it } from "vitest";
import { Node } from "../../src/parallel/judge/reverse.ts";
import { Rounded } from "../../src/parallel/judge/rounded.ts";
import { uniform } from "../helpers/judged.ts";

const column = (...pairs: [value: number, magnitude: number][]): Rounded =>
  new Rounded(
    pairs.length,
    1,
    Float64Array.from(pairs, ([x]) => x),
    Float64Array.from(pairs, ([, m]) => m * m),
  );

/** Values and magnitudes, one after the other. */
const pairsOf = (x: Rounded): number[][] => Array.from(x.value, (value, i) => [value, x.magnitude()[i]]);

function expectPairs(x: Rounded, ...wanted: [value: number, magnitude: number][]): void {
  expect(pairsOf(x).flat().length).toBe(wanted.flat().length);
  for (const [i, each] of pairsOf(x).flat().entries()) expect(each).toBeCloseTo(wanted.flat()[i], 12);
}

it("has the magnitudes that its rules say", () => {
  const [x, y] = [column([3, 2]), column([-4, 5])];
  expectPairs(Rounded.exact(1, 2, [3, -4]), [3, 0], [-4, 0]);
  expectPairs(Rounded.once(1, 2, [3, -4]), [3, 3], [-4, 4]);
  expectPairs(x.plus(y), [-1, Math.hypot(2, 5, 7)]);
  expectPairs(x.times(y), [-12, Math.hypot(3 * 5, 4 * 2, 12)]);
  expectPairs(y.negated(), [4, 5]);
  expectPairs(
    x.map((a) => [a ** 2, 2 * a]),
    [9, Math.hypot(6 * 2, 9)],
  );
  const both = column([3, 2], [-4, 5]);
  expectPairs(both.sumTo(1, 1), [-1, Math.hypot(2, 5, 7)]);
  expectPairs(both.transpose().addColumns(), [-1, Math.hypot(2, 5, 7)]);
  expectPairs(both.transpose().addColumns(true), [-1, Math.hypot(2 + 5, 7)]);
  const other = column([2, 1], [6, 3]);
  const [p, q] = [Math.hypot(3 * 1, 2 * 2), Math.hypot(4 * 3, 6 * 5)];
  expectPairs(both.transpose().matmul(other), [-18, Math.hypot(p, q, 6 + 24)]);
  const [joint, more] = [3 * 1 + 2 * 2, 4 * 3 + 6 * 5];
  expectPairs(both.transpose().matmul(other, true), [-18, Math.hypot(joint + more, 6 + 24)]);
  expectPairs(both.takeRows([1, 0, 1]), [-4, 5], [3, 2], [-4, 5]);
  expectPairs(
    both.takeRows([1, 0, 1]).addRows(2, (row) => [1, 0, 1][row]),
    [3, Math.hypot(2, 3)],
    [-8, Math.hypot(5, 5, 8)],
  );
  const one = Rounded.exact(1, 3, [1, 1, 0]);
  const row = new Rounded(1, 3, Float64Array.of(0, Math.log(3), 99), Float64Array.of(4, 9, 16));
  const [low, high, log] = [0.25, 0.75, Math.log(3)];
  const own = low * (2 + log) + high * 2;
  expectPairs(row.logSumExp(one), [Math.log(4), Math.hypot(low * 2 + high * 3, own, Math.log(4))]);
  expect([...row.softmax(one).value].map((value) => value.toFixed(12))).toEqual([
    "0.250000000000",
    "0.750000000000",
    "0.000000000000",
  ]);
  expect(row.softmax(one).magnitude()[2]).toBe(0);
  expect(() => both.matmul(both)).toThrow("[2, 1] does not multiply [2, 1].");
  expect(() => both.plus(column([1, 0], [1, 0], [1, 0]))).toThrow("[2, 1] and [3, 1] do not broadcast.");
});

it("takes attention's sums over tokens as joint, forward and backward, and no others", () => {
  const filled = (value: number): Rounded =>
    new Rounded(2, 2, new Float64Array(4).fill(value), new Float64Array(4).fill(1));
  const [a, b, grad] = [filled(0.5), filled(0.25), filled(1)];
  const found = (tokens?: "k" | "n") => {
    const [x, y] = [new Node(a), new Node(b)];
    const product = x.matmul(y, tokens);
    product.backward(grad);
    return [product.data, x.grad, y.grad].map((each) => pairsOf(each as Rounded)[0]);
  };
  const wanted = (joint: readonly boolean[]) =>
    [a.matmul(b, joint[0]), grad.matmul(b.transpose(), joint[1]), a.transpose().matmul(grad, joint[2])].map(
      (each) => pairsOf(each)[0],
    );
  expect(found("k")).toEqual(wanted([true, false, true])); // probabilities times values
  expect(found("n")).toEqual(wanted([false, true, true])); // queries times keys
  expect(found()).toEqual(wanted([false, false, false])); // what has weights
  expect(wanted([true, true, true])).not.toEqual(wanted([false, false, false]));
});

it("holds sums of f32 in any order", () => {
  const draw = uniform(11);
  for (const length of [2, 7, 60, 400]) {
    const x = Float32Array.from({ length }, () => draw() - 0.5);
    const y = Float32Array.from({ length }, () => draw() - 0.5);
    const exact = Rounded.exact(1, length, x).matmul(Rounded.exact(length, 1, y));
    const products = [...x].map((each, i) => Math.fround(each * y[i]));
    let most = 0;
    for (let order = 0; order < 50; order++) {
      const mixed = order === 0 ? products.toSorted((a, b) => a - b) : products.toSorted(() => draw() - 0.5);
      const ranks = [0, 1, 2].map((rank) => mixed.filter((_, i) => i % 3 === rank));
      for (const parts of [[mixed], ranks]) {
        const sums = parts.map((part) => part.reduce((sum, each) => Math.fround(sum + each), 0));
        const sum = sums.reduce((all, each) => Math.fround(all + each), 0);
        most = Math.max(most, Math.abs(sum - exact.value[0]) / (2 ** -24 * exact.magnitude()[0]));
      }
    }
    expect(most).toBeLessThan(4);
    expect(most).toBeGreaterThan(0.005); // or the rule would see nothing
  }
});
