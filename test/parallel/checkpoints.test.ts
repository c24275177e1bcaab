/** Sharded checkpoints, saved on one layout and loaded on every other: each element of each rank is what it was, bit for bit. */
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";

const root = mkdtempSync(join(tmpdir(), "sharded-"));
afterAll(() => rmSync(root, { recursive: true }));

type Layout = "ddp" | "zero1" | "zero2" | "fsdp" | "hsdp" | "columns" | "columns-fsdp";
type How = { ranks: number; transport?: "local" | "shm" | "tcp"; streams?: "inline" | "threaded" };
type Row = Readonly<Record<string, string | number>>;

/** Elements of the model: each part has 21, 5, 22, 24 and 4, and then more; a scalar, and six that have no moments. */
const PARAMETERS = [0, 1, 2].reduce((sum, n) => sum + 3 * (7 + n) + 5 + 2 * n + 2 * (11 + n) + 6 * (4 + n) + 4, 1 + 6);

async function run(mode: "save" | "load", layout: Layout, dtype: string, folder: string, how: How): Promise<Row[]> {
  const { ranks, transport = "local", streams = "inline" } = how;
  const options = { mode, layout, dtype, folder };
  const { failure, shown } = await runProgram("test/programs/checkpoints.ts", { ranks, transport, streams, options });
  expect(failure?.message).toBe(undefined);
  return shown.flatMap(({ shown: what }) => (what.kind === "row" ? [what.row as Row] : []));
}

async function save(layout: Layout, dtype: string, how: How): Promise<string> {
  const folder = mkdtempSync(join(root, `${layout}-${dtype}-`));
  const rows = await run("save", layout, dtype, folder, how);
  expect(rows.map(({ step, path }) => [step, path])).toEqual(Array(how.ranks).fill([7, join(folder, "step-00000007")]));
  return folder;
}

async function load(folder: string, layout: Layout, dtype: string, how: How): Promise<void> {
  const rows = await run("load", layout, dtype, folder, how);
  const state = JSON.stringify({ epoch: 1, samples: [12, 3], text: "ü" });
  for (const row of rows) expect(row).toEqual({ step: 7, state, wrong: 0, checked: row.checked, steps: 16 });
  const checked = rows.reduce((sum, row) => sum + Number(row.checked), 0);
  const all = PARAMETERS + (PARAMETERS - 6) * (dtype === "f32" ? 2 : 3);
  expect(checked).toBeGreaterThanOrEqual(all);
  if (["zero1", "zero2", "fsdp"].includes(layout)) expect(checked).toBe(all);
  if (layout === "ddp") expect(checked).toBe(all * how.ranks);
}

const worlds = [1, 2, 3, 5];

describe.each(["f32", "bf16"])("%s, saved by fully sharded ranks", { timeout: 120_000 }, (dtype) => {
  it.each(worlds)("%i ranks, loaded by 1, 2, 3 and 5", async (ranks) => {
    const folder = await save("fsdp", dtype, { ranks });
    for (const other of worlds) await load(folder, "fsdp", dtype, { ranks: other });
  });
});

const layouts: readonly [Layout, number][] = [
  ["ddp", 3],
  ["zero1", 2],
  ["zero2", 5],
  ["hsdp", 4],
  ["columns", 3],
  ["columns-fsdp", 6],
];
describe("every layout", { timeout: 120_000 }, () => {
  it.each(layouts)("%s of %i ranks, loaded by all others", async (layout, ranks) => {
    const folder = await save(layout, "bf16", { ranks });
    for (const [other, size] of layouts) await load(folder, other, "bf16", { ranks: size });
  });

  it("writes what ranks have in common once, and no padding", async () => {
    const bytesOf = async (layout: Layout, ranks: number): Promise<number> => {
      const folder = join(await save(layout, "f32", { ranks }), "step-00000007");
      const files = readdirSync(folder).filter((name) => name.endsWith(".safetensors"));
      const headers = files.map((name) => statSync(join(folder, name)).size);
      expect(files.length).toBeLessThanOrEqual(ranks);
      return headers.reduce((sum, size) => sum + size, 0);
    };
    const tensors = 4 * (PARAMETERS + 2 * (PARAMETERS - 6));
    expect((await bytesOf("ddp", 3)) - (await bytesOf("ddp", 1))).toBe(0);
    for (const [layout, ranks] of [
      ["fsdp", 5],
      ["hsdp", 4],
      ["columns", 3],
    ] as const) {
      // prettier-ignore
      const sum = await bytesOf(layout, ranks);
      expect(sum).toBeGreaterThan(tensors);
      expect(sum).toBeLessThan(tensors + ranks * 60 * 17 * 3); // headers: below 60 bytes and digits for each tensor
    }
  });
});

describe("between threads and processes", { timeout: 120_000 }, () => {
  it.each<[Layout, How, Layout, How]>([
    ["fsdp", { ranks: 3, transport: "shm" }, "zero1", { ranks: 2, transport: "tcp" }],
    ["fsdp", { ranks: 2, transport: "tcp" }, "ddp", { ranks: 3, transport: "shm" }],
    [
      "zero2",
      { ranks: 2, transport: "shm", streams: "threaded" },
      "fsdp",
      { ranks: 3, transport: "shm", streams: "threaded" },
    ],
    [
      "fsdp",
      { ranks: 2, transport: "tcp", streams: "threaded" },
      "hsdp",
      { ranks: 2, transport: "tcp", streams: "threaded" },
    ],
  ])("%s of %o, loaded by %s of %o", async (layout, how, other, otherHow) => {
    await load(await save(layout, "bf16", how), other, "bf16", otherHow);
  });
});
