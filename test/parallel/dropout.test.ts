/** One mask of dropout for all layouts, bit for bit: the parts that ranks have, put together, are what one rank drops. */
import { describe, expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";

const [tokens, width] = [12, 10];
const numbers = (text: unknown): number[] => String(text).split(",").filter(Boolean).map(Number);

describe.each([
  ["local", "inline", [1, 2, 3, 4]],
  ["shm", "inline", [2, 3, 4]],
  ["shm", "threaded", [2]],
  ["tcp", "inline", [2]],
] as const)("over %s, streams %s", (transport, streams, worlds) => {
  it.each(worlds)("on %i ranks", { timeout: 60_000 }, async (ranks) => {
    const { failure, shown } = await runProgram("test/programs/dropout-layouts.ts", {
      ranks,
      transport,
      streams,
      options: {},
    });
    expect(failure?.message).toBe(undefined);
    const rows = shown.flatMap(({ shown: what }) => (what.kind === "row" ? [what.row as Record<string, unknown>] : []));
    const plain = rows.find(({ name }) => name === "plain") ?? {};
    const wanted = { y: numbers(plain.y), dx: numbers(plain.dx) };
    expect([wanted.y.length, new Set(wanted.y).size, new Set(wanted.dx).size > 1]).toEqual([tokens * width, 3, true]);
    const layouts = ["one", "dp", "tp", "cp", ...(ranks === 4 ? ["both"] : [])];
    for (const layout of layouts) {
      for (const again of [false, true]) {
        const parts = rows.filter(({ name, again: was }) => name === layout && was === again);
        expect(parts.length).toBe(ranks);
        for (const what of ["y", "dx"] as const) {
          const whole = new Array<number>(tokens * width);
          for (const { rows: places, from, to, ...part } of parts) {
            const values = numbers(part[what]);
            const columns = Number(to) - Number(from);
            for (const [r, place] of numbers(places).entries())
              for (let c = 0; c < columns && place < tokens; c++)
                whole[place * width + Number(from) + c] = values[r * columns + c];
          }
          expect({ layout, again, what, whole }).toEqual({ layout, again, what, whole: wanted[what] });
        }
      }
    }
  });
});
