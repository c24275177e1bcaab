/** Curves: which is the lowest where, and that a picture marks each change with its size. */
import { describe, expect, it } from "vitest";
import { type Curve, crossingsOf, ladderSvg, logPlotSvg } from "../../src/draw/index.ts";
import { describedMachine, predict, winners } from "../../src/sim/index.ts";

const x = [1, 10, 100, 1000, 10_000];
const lines = (...curves: [string, number, number][]): Curve[] =>
  curves.map(([name, alpha, beta]) => ({ name, y: x.map((size) => alpha + beta * size) }));
const exact = (curves: [string, number, number][]) => (name: string, size: number) => {
  const [, alpha, beta] = curves.find(([own]) => own === name) as [string, number, number];
  return alpha + beta * size;
};

describe("crossings", () => {
  const two: [string, number, number][] = [
    ["steep", 1, 1],
    ["flat", 51, 0.5],
  ];

  it("are found by halving where a curve has a value at any size", () => {
    const [only, ...more] = crossingsOf(x, lines(...two), exact(two));
    expect(more).toEqual([]);
    expect(only).toMatchObject({ from: "steep", to: "flat" });
    expect(only.x / 100).toBeCloseTo(1, 2);
    expect(only.y / 101).toBeCloseTo(1, 2);
  });

  it("else by a line between the sizes, and only of the lowest curves", () => {
    const curves = lines(...two, ["high", 1000, 1]);
    const [only, ...more] = crossingsOf(x, curves);
    expect(more).toEqual([]);
    expect(only.x).toBeGreaterThan(10);
    expect(only.x).toBeLessThan(1000);
    expect(crossingsOf(x, curves.slice(0, 1))).toEqual([]);
  });

  it("of three that take over from each other are two", () => {
    const three = lines(["a", 1, 10], ["b", 30, 0.5], ["c", 1000, 0.01]);
    expect(crossingsOf(x, three).map(({ from, to }) => `${from} ${to}`)).toEqual(["a b", "b c"]);
  });

  it("on a described machine are where the winner changes", () => {
    const machine = describedMachine("dgx-h100");
    const sizes = Array.from({ length: 12 }, (_, i) => 4 * Math.round(10 ** (2 + i / 2)));
    const names = ["ring", "doubling", "halving"] as const;
    const curves = predict(machine, sizes, [...names]).map(({ algorithm, seconds }) => ({ name: algorithm, y: seconds })); // biome-ignore format: one list
    const at = (name: string, size: number): number => predict(machine, [size], [name as "ring"])[0].seconds[0];
    const found = crossingsOf(sizes, curves, at);
    const best = winners(sizes, curves.map(({ name, y }) => ({ name, seconds: y }))); // biome-ignore format: one call
    expect([found[0]?.from, ...found.map(({ to }) => to)]).toEqual(best.map(({ name }) => name));
    for (const { from, to, x: size } of found) {
      expect(at(from, size * 0.95)).toBeLessThanOrEqual(at(to, size * 0.95));
      expect(at(to, size * 1.05)).toBeLessThanOrEqual(at(from, size * 1.05));
    }
  });
});

it("a plot has a dot for each crossing and says which takes over from which, at which size", () => {
  const curves = lines(["a", 1, 10], ["b", 30, 0.5], ["c", 1000, 0.01]);
  const crossings = crossingsOf(x, curves);
  const svg = logPlotSvg({ title: "t", about: "a", xName: "x", yName: "y", x, curves, crossings, xTick: (value) => `${value} B`, yTick: String }); // biome-ignore format: one plot
  for (const { from, to, x: size } of crossings) expect(svg).toContain(`${from} → ${to} at ${+size.toPrecision(2)} B`);
  expect(svg.match(/<circle[^>]*r="5"/g)).toHaveLength(2);
  const plain = logPlotSvg({ title: "t", about: "a", xName: "x", yName: "y", x, curves, xTick: String, yTick: String });
  expect(plain).not.toContain("<circle");
  // Labels of curves do not cover each other.
  const rows = curves.map(({ name }) => Number(new RegExp(`y="([\\d.]+)"[^>]*>${name}<`).exec(plain)?.[1])).sort((a, b) => a - b); // biome-ignore format: one list
  for (let i = 1; i < rows.length; i++) expect(rows[i] - rows[i - 1]).toBeGreaterThan(12);
});

it("a ladder has a dot per level, and how far each step goes", () => {
  const rung = (name: string, bandwidth: number) => ({ name, bandwidth, holds: "80 GB", latency: "1 µs", latencyOf: "hardware" }); // biome-ignore format: one line
  const svg = ladderSvg("levels", [rung("fast", 3e12), rung("middle", 3e11), rung("slow", 2e10)]);
  expect(svg.match(/<circle/g)).toHaveLength(3);
  for (const text of ["3 TB/s", "300 GB/s", "20 GB/s", "÷ 10", "÷ 15", "fast", "slow"])
    expect(svg).toContain(`>${text}<`);
  const at = [...svg.matchAll(/<circle cx="([\d.]+)"/g)].map(([, cx]) => Number(cx));
  expect((at[0] - at[1]) / (at[1] - at[2])).toBeCloseTo(1 / Math.log10(15), 1);
});
