/** A model begins with the same weights under every layout, bit for bit: case 14. */
import { expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";
import { cases } from "../helpers/long.ts";

const layouts = cases(
  [
    ["dp1", 1],
    ["tp2+sp", 2],
    ["dp3+fsdp", 3],
    ["dp2.tp2+fsdp", 4],
    ["copies2.dp2+fsdp", 4],
    ["cp2.tp2", 4],
    ["tp6+sp", 6],
    ["dp2", 2],
    ["dp5+zero1", 5],
    ["dp5+zero2", 5],
    ["dp2.cp2.tp2+fsdp+sp", 8],
  ] as const,
  ...[0, 1, 2, 3, 4, 5, 6],
);

it.each(layouts)("%s", { timeout: 60_000 }, async (layout, ranks) => {
  const job = { ranks, transport: "local", options: { layout } } as const;
  const { failure, shown } = await runProgram("test/programs/first-weights.ts", job);
  expect(failure?.message).toBe(undefined);
  const rows = shown.flatMap(({ shown: what }) => (what.kind === "row" ? [what.row] : []));
  expect(rows).toHaveLength(ranks);
  for (const { others } of rows) expect(others).toBe(0);
  expect(rows.every(({ elements }) => Number(elements) > 0)).toBe(true);
});
