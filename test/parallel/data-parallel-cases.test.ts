/** Other people's mistakes with gradients over ranks, with the numbers of cases 5 to 8 and 10; what a mistake gives is beside. */
import { describe, expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";

type Row = Readonly<Record<string, string | number>>;

async function rowsOf(ranks: number, kind: string, name: string): Promise<Row[][]> {
  const options = { kind, case: name };
  const { failure, shown } = await runProgram("test/programs/data-parallel-cases.ts", {
    ranks,
    transport: "local",
    options,
  });
  expect(failure?.message).toBe(undefined);
  const rows: Row[][] = Array.from({ length: ranks }, () => []);
  for (const { rank, shown: what } of shown) if (what.kind === "row") rows[rank].push(what.row as Row);
  return rows;
}

/** Rows of a scalar: rank 0 has it, where it is sharded, and the others have none of it. */
const scalar = (kind: string, rank: number, value: number): string =>
  kind === "ddp" || rank === 0 ? `[${value}]` : "[]";

const kinds = ["ddp", "zero1", "zero2", "fsdp"] as const;

describe.each(kinds)("%s", { timeout: 60_000 }, (kind) => {
  it("reduces what only an earlier micro-batch has used, and each gradient once", async () => {
    for (const [rank, [row]] of (await rowsOf(2, kind, "sum")).entries()) {
      // x is 1 and 3; a is used in the first, b with 2x in the second, c in both. Only the last reduced: a 1 and 3.
      expect(row).toEqual({ a: scalar(kind, rank, 4), b: scalar(kind, rank, 8), c: scalar(kind, rank, 12) });
    }
  });

  it("leaves what nobody has used without a gradient, and so without decay", async () => {
    for (const [rank, [row]] of (await rowsOf(3, kind, "unused")).entries()) {
      expect(row).toEqual({ a: scalar(kind, rank, 9), b: "null", c: "null", weight: scalar(kind, rank, 1) }); // not 0.99
    }
  });

  it("gives everybody the gradient of what one rank has used", async () => {
    for (const [rank, [row]] of (await rowsOf(3, kind, "elsewhere")).entries()) {
      expect(row).toEqual({
        a: scalar(kind, rank, 9),
        b: scalar(kind, rank, 5),
        c: "null",
        weight: scalar(kind, rank, 1),
      });
    }
  });

  it("forgets what was used in the step before", async () => {
    for (const [rank, [row]] of (await rowsOf(3, kind, "changing")).entries()) {
      // Of b the last rank alone has a gradient now, 5; what the others still had in their buffers would be 4 more.
      expect(row).toEqual({ a: scalar(kind, rank, 9), b: scalar(kind, rank, 5), c: "null" });
    }
  });

  // DDP's buckets have left after the first: that is an error, below.
  if (kind !== "ddp") {
    it("adds up what several backward passes of a step have reduced", async () => {
      for (const [rank, [row]] of (await rowsOf(3, kind, "two-backwards")).entries()) {
        expect(row).toEqual({ a: scalar(kind, rank, 99), b: scalar(kind, rank, 99), c: "null" }); // 9 and 90
      }
    });
  }

  it("waits for the last use of a shared parameter, also where a part is computed again", async () => {
    for (const [rank, rows] of (await rowsOf(2, kind, "twice")).entries()) {
      const w = scalar(kind, rank, kind === "ddp" ? 12 : 24); // averaged; summed
      expect(rows).toEqual([0, 1, 2].map((again) => ({ again, fired: 1, w }))); // sent after the first: 6
    }
  });

  it.each([1, 2, 3, 4, 5])("moves every row of a tied table by its whole gradient, on %i ranks", async (ranks) => {
    const rows = await rowsOf(ranks, kind, "tied");
    // Rank r looks up rows r and 4. Each row gets 2 for each row that was looked up, and each looked-up row 5 more per use.
    const uses = [0, 1, 2, 3, 4].map(
      (row) => [...Array(ranks).keys()].filter((r) => r === row).length + (row === 4 ? ranks : 0),
    );
    const expected = uses.map((count) => 1 - (2 * ranks + 5 * count));
    for (const [rank, [row]] of rows.entries()) {
      const height = Math.ceil(5 / ranks);
      const own = kind === "ddp" ? expected : expected.slice(rank * height, (rank + 1) * height);
      expect(JSON.parse(String(row.rows))).toEqual(own.map((value) => [value, value]));
    }
  });

  it("moves the live weights by optimizers made before, after, and after a forward", async () => {
    for (const [row] of await rowsOf(3, kind, "optimizer")) expect(row).toEqual({ sum: 3 * (1 - 3) });
  });

  it("leaves frozen parameters alone", async () => {
    for (const [rank, [row]] of (await rowsOf(2, kind, "frozen")).entries()) {
      expect(row).toEqual({ a: scalar(kind, rank, 2), b: "null", c: scalar(kind, rank, 2) });
    }
  });
});

describe("mistakes", { timeout: 60_000 }, () => {
  const failureOf = async (kind: string, name: string): Promise<string> => {
    const options = { kind, case: name };
    const { failure } = await runProgram("test/programs/data-parallel-cases.ts", {
      ranks: 2,
      transport: "shm",
      options,
    });
    return `${failure?.message} ${failure?.stack}`;
  };

  it("averages where it is told to, micro-batches being added", async () => {
    for (const [row] of await rowsOf(2, "ddp", "micro")) expect(row).toEqual({ a: "[2]", b: "[4]", c: "[6]" });
  });

  it("a second backward into buckets that have left names its line", async () => {
    const message = await failureOf("ddp", "two-backwards");
    expect(message).toMatch(
      /buffer that allReduce\(sum, f32\[6\]\) is using: that operation was neither awaited nor waited for/,
    );
    expect(message).toMatch(/data-parallel-cases\.ts:\d+/);
  });

  it("a gradient that is scaled while its bucket is on its way names its line", async () => {
    const message = await failureOf("ddp", "early");
    expect(message).toMatch(/buffer that allReduce\(sum, f32\[6\]\) is using/);
    expect(message).toMatch(/data-parallel-cases\.ts:\d+/);
  });

  it.each(kinds)("a change in place of a view of what a module returned names its line, %s", async (kind) => {
    const message = await failureOf(kind, "view");
    expect(message).toMatch(/mul_ on f32\[1\]: gradients flow through it, and a change in place would lose them\./);
    expect(message).toMatch(/data-parallel-cases\.ts:\d+/);
  });

  it("a parameter of two units is refused", async () => {
    expect(await failureOf("fsdp", "apart")).toMatch(
      /embed\.weight is shared by the rest of the model and rest, which are gathered at different times\. Put them in one unit\./,
    );
  });
});
