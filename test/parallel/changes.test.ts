/** Every change of a type along an axis against what its table says in words, on worlds of 1, 2, 3 and 5, over every transport. */
import { describe, expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";

type Matrix = readonly (readonly number[])[];

/** A rank's values, as the program makes them. */
function values(rank: number, rows: number, columns: number, factor: number): Matrix {
  return Array.from({ length: rows }, (_, r) =>
    Array.from({ length: columns }, (_, c) => factor * (rank + 1) + 10 * r + c),
  );
}

const sum = (all: readonly Matrix[]): Matrix =>
  all[0].map((row, r) => row.map((_, c) => all.reduce((total, each) => total + each[r][c], 0)));
const transposed = (m: Matrix): Matrix => m[0].map((_, c) => m.map((row) => row[c]));
/** A function of rows as one of columns. */
const along = (axis: number, f: (all: readonly Matrix[]) => Matrix, all: readonly Matrix[]): Matrix =>
  axis === 0 ? f(all) : transposed(f(all.map(transposed)));

/** Plain moves over the matrices of all ranks: what rank `rank` has afterwards. */
type Plain = (all: readonly Matrix[], rank: number, axis: number) => Matrix;
const own = (m: Matrix, rank: number, size: number): Matrix =>
  m.slice((rank * m.length) / size, ((rank + 1) * m.length) / size);
const nothing: Plain = (all, rank) => all[rank];
const total: Plain = (all) => sum(all);
const joined: Plain = (all, _, axis) => along(axis, (each) => each.flat(), all);
const summedSlice: Plain = (all, rank, axis) => along(axis, (each) => own(sum(each), rank, all.length), all);
const ownSlice: Plain = (all, rank, axis) => along(axis, (each) => own(each[rank], rank, all.length), all);
const amongZeros: Plain = (all, rank, axis) =>
  along(axis, (each) => each.flatMap((m, r) => (r === rank ? m : m.map((row) => row.map(() => 0)))), all);
const exchanged: Plain = (all, rank, axis) => along(axis, (each) => each.flatMap((m) => own(m, rank, all.length)), all);

/** Forward and backward, as design's table has them. */
const table: Readonly<Record<string, readonly [forward: Plain, backward: Plain]>> = {
  "identical → replicated": [nothing, total],
  "partial → replicated": [total, total],
  "partial → identical": [total, nothing],
  "varying → replicated": [joined, summedSlice],
  "varying → identical": [joined, ownSlice],
  "partial → varying": [summedSlice, joined],
  "replicated → varying": [ownSlice, amongZeros],
  "identical → varying": [ownSlice, joined],
  "varying → varying": [exchanged, exchanged],
};

describe.each([
  ["local", "inline", [1, 2, 3, 5]],
  ["shm", "inline", [1, 2, 3, 5]],
  ["shm", "threaded", [2, 3]],
  ["tcp", "inline", [2, 3]],
] as const)("over %s, streams %s", (transport, streams, worlds) => {
  it.each(worlds)("world of %i", { timeout: 60_000 }, async (ranks) => {
    const { failure, shown } = await runProgram("test/programs/changes.ts", { ranks, transport, streams, options: {} });
    expect(failure?.message).toBe(undefined);
    let seen = 0;
    const shape = ranks > 3 ? ([ranks, ranks] as const) : ([2 * ranks, 3 * ranks] as const);
    for (const { rank, shown: what } of shown) {
      if (what.kind !== "row") continue;
      const { name, axis, y, dx } = what.row as Record<string, string> & { axis: number };
      const [forward, backward] = table[name];
      const at = axis < 0 ? axis + 2 : axis;
      const all = Array.from({ length: ranks }, (_, r) => values(r, ...shape, 1000));
      expect([name, axis, JSON.parse(y)]).toEqual([name, axis, forward(all, rank, at)]);
      const [rows, columns] = [JSON.parse(y).length, JSON.parse(y)[0].length];
      const dys = Array.from({ length: ranks }, (_, r) => values(r, rows, columns, 7));
      expect([name, axis, JSON.parse(dx)]).toEqual([name, axis, backward(dys, rank, at)]);
      seen++;
    }
    expect(seen).toBe(ranks * 3 * Object.keys(table).length);
  });
});
