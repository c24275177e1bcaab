/** A rank without data, labels that are all ignored, a loss that is no number, a rank that dies: handled or told, never a hang. */
import { describe, expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";

type Row = Readonly<Record<string, string | number | boolean>>;

async function run(ranks: number, transport: "local" | "shm" | "tcp", layout: string, what: string) {
  const options = { layout, case: what };
  const { failure, shown } = await runProgram("test/programs/layout-faults.ts", { ranks, transport, options });
  const rows = shown.flatMap(({ rank, shown: each }) =>
    each.kind === "row" ? [{ rank, ...(each.row as Row) } as Row] : [],
  );
  return { failure, rows };
}

const layouts: readonly (readonly [layout: string, ranks: number])[] = [
  ["dp2", 2],
  ["dp3", 3],
  ["dp2+zero1", 2],
  ["dp3+fsdp", 3],
  ["dp2.tp2+sp", 4],
  ["dp2.cp2+fsdp", 4],
];

describe.each(layouts)("%s", { timeout: 60_000 }, (layout, ranks) => {
  it("a rank whose labels are all ignored adds nothing, and joins", async () => {
    const { failure, rows } = await run(ranks, "shm", layout, "ignored");
    expect(failure?.message).toBe(undefined);
    const places = Number(/dp(\d)/.exec(layout)?.[1]);
    expect(rows.every(({ loss }) => loss === rows[0].loss)).toBe(true);
    // The same samples without that rank.
    const fewer = layout.replace(`dp${places}`, `dp${places - 1}`);
    const alone = await run((ranks / places) * (places - 1), "shm", fewer, places > 2 ? "fewer" : "ignored");
    expect(alone.failure?.message).toBe(undefined);
    expect(rows[0].loss).toBeCloseTo(Number(alone.rows[0].loss), 5);
  });

  it("labels that are all ignored everywhere move nothing", async () => {
    const { failure, rows } = await run(ranks, "local", layout, "nothing");
    expect(failure?.message).toBe(undefined);
    expect(rows).toHaveLength(ranks);
    for (const { loss, moved, gradients } of rows)
      expect({ loss, moved, gradients }).toEqual({ loss: 0, moved: false, gradients: 0 });
  });

  it("a loss that is no number is told with its ranks, and no step is taken", async () => {
    const { failure, rows } = await run(ranks, "shm", layout, "nan");
    expect(failure?.message).toMatch(
      /^The loss is NaN on ranks? [\d, ]+: no step is taken\. Look at what these ranks have read/,
    );
    expect(rows).toHaveLength(ranks); // what they had before; none came further
  });

  it("ranks with unequally many batches take equally many steps", async () => {
    const { failure, rows } = await run(ranks, "shm", layout, "uneven");
    expect(failure?.message).toBe(undefined);
    const places = Number(/dp(\d)/.exec(layout)?.[1]);
    for (const { steps } of rows) expect(steps).toBe(places);
  });
});

describe("a rank that ends", { timeout: 60_000 }, () => {
  it("by an error, with batches left, is told everywhere", async () => {
    const { failure } = await run(3, "shm", "dp3", "thrown");
    expect(failure?.message).toBe("a batch that cannot be read");
  });

  it.each(["dp2", "dp2+fsdp", "tp2+sp", "cp2"])("killed in a step of %s", async (layout) => {
    const { failure } = await run(2, "tcp", layout, "killed");
    expect(failure?.message).toMatch(/SIGKILL/);
  });
});
