/** What a plan says that this library holds of parameters, gradients and moments, and what its allocator counts on every rank. */
import { expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";

interface Row {
  readonly layout: string;
  readonly parameters: number;
  readonly gradients: number;
  readonly optimizer: number;
  readonly planned: string;
}

async function rowsOf(ranks: number, options: Record<string, string | number>) {
  const { failure, shown } = await runProgram("test/programs/plan-memory.ts", { ranks, options });
  expect(failure?.message).toBe(undefined);
  return shown.flatMap(({ rank, shown: what }) =>
    what.kind === "row" ? [{ rank, ...(what.row as unknown as Row) }] : [],
  );
}

const layouts = [
  [1, "dp1"],
  [2, "dp2 dp2+zero1 dp2+zero2 dp2+fsdp tp2 tp2+sp+overlap cp2 pp2"],
  [3, "dp3 dp3+zero1 dp3+zero2 dp3+fsdp dp3+fsdp+recompute pp3 cp3+fsdp"],
  [4, "copies2.dp2+fsdp dp2.tp2+fsdp+recompute tp4+sp dp2.tp2+zero1 pp2.tp2 pp2.dp2+zero1"],
] as const;

/** Of DDP's gradients, 64 bytes for each bucket at most. */
const slack = (layout: string): number => (/zero|fsdp/.test(layout) ? 0 : 64 * 60);

it.each(layouts)("to the byte, %i ranks, %s", { timeout: 60_000 }, async (ranks, words) => {
  for (const gpt of [0, 1]) {
    const rows = await rowsOf(ranks, { layouts: words, gpt });
    expect(rows.length).toBe(words.split(" ").length * ranks);
    for (const { rank, layout, planned, parameters, gradients, optimizer } of rows) {
      const plan = JSON.parse(planned) as Row;
      const place = { rank, layout, gpt };
      expect({ ...place, parameters, optimizer }).toEqual({
        ...place,
        parameters: plan.parameters,
        optimizer: plan.optimizer,
      });
      const off = Math.abs(gradients - plan.gradients);
      // Under stages, ZeRO's gradients are whole and shared out at once for a while, which no formula tells here.
      if (/^pp.*zero/.test(layout)) continue;
      expect({ ...place, gradients, off: Math.max(0, off - slack(layout)) }).toEqual({ ...place, gradients, off: 0 });
    }
  }
});
