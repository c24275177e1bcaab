/** Linears cut by columns and by rows, and norms on cut tokens, in whole numbers: what every rank has, not one slice of it. */
import { describe, expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";

type Matrix = readonly (readonly number[])[];

const grid = (rows: number, columns: number): Matrix =>
  Array.from({ length: rows }, (_, r) => Array.from({ length: columns }, (_, c) => r * columns + c + 1));
const transposed = (m: Matrix): Matrix => m[0].map((_, c) => m.map((row) => row[c]));
const product = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0].map((_, c) => row.reduce((sum, value, i) => sum + value * b[i][c], 0)));
const own = <T>(list: readonly T[], rank: number, ranks: number): readonly T[] =>
  list.slice((rank * list.length) / ranks, ((rank + 1) * list.length) / ranks);
const columnsOf = (m: Matrix, rank: number, ranks: number): Matrix => m.map((row) => own(row, rank, ranks));

/** What one rank would have, for loss = the sum of the outputs. */
function reference(tokens: number, inputs: number, outputs: number) {
  const [x, w] = [grid(tokens, inputs), grid(outputs, inputs)];
  const ones: Matrix = x.map(() => w.map(() => 1));
  return {
    y: product(x, transposed(w)).map((row) => row.map((value, o) => value + 100 * (o + 1))),
    dx: product(ones, w),
    dw: product(transposed(ones), x),
    db: w.map(() => tokens),
  };
}

describe.each([
  ["local", "inline", [1, 2, 3, 4, 5]],
  ["shm", "inline", [2, 3]],
  ["shm", "threaded", [2]],
  ["tcp", "inline", [2]],
] as const)("over %s, streams %s", (transport, streams, worlds) => {
  it.each(worlds)("on %i ranks", { timeout: 60_000 }, async (ranks) => {
    const program = "test/programs/tensor-linear.ts";
    const { failure, shown } = await runProgram(program, { ranks, transport, streams, options: {} });
    expect(failure?.message).toBe(undefined);
    const seen = new Map<string, number>();
    for (const { rank, shown: what } of shown) {
      if (what.kind !== "row") continue;
      const { name, ...texts } = what.row as Record<string, string>;
      seen.set(name, (seen.get(name) ?? 0) + 1);
      const values = Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, JSON.parse(text)]));
      if (name.endsWith("Norm")) {
        expect([name, values.gradient]).toEqual([name, [ranks * (2 * ranks + 1)]]);
        continue;
      }
      const [style, type, ...sizes] = name.split(" ");
      const whole = reference(...(sizes.map(Number) as [number, number, number]));
      const wanted =
        style === "rows"
          ? {
              y: type === "varying" ? own(whole.y, rank, ranks) : whole.y,
              dx: whole.dx,
              dw: columnsOf(whole.dw, rank, ranks),
              db: whole.db,
            }
          : {
              y: columnsOf(whole.y, rank, ranks),
              dx: whole.dx,
              dw: own(whole.dw, rank, ranks),
              db: own(whole.db, rank, ranks),
            };
      expect([name, rank, values]).toEqual([name, rank, wanted]);
    }
    expect(seen.get("RMSNorm")).toBe(ranks);
    const size = `${ranks} ${2 * ranks} ${2 * ranks}`;
    for (const type of ["identical", "varying"]) {
      expect([seen.get(`rows ${type} ${size}`), seen.get(`columns ${type} ${size}`)]).toEqual([ranks, 2 * ranks]);
    }
    if (ranks === 2 || ranks === 4) expect(seen.get("rows identical 2 4 3")).toBe(ranks);
  });
});

it("the bias of a product by rows is added once, forward and backward", () => {
  const { y, db } = reference(2, 4, 3);
  expect([y[0], db]).toEqual([
    [130, 270, 410],
    [2, 2, 2],
  ]);
});
