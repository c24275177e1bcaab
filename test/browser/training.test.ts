/** A small model learns in a page, step by step, what it learns in Node, and says the same afterwards. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodePlatform } from "../../src/platform/node/node.ts";
import type { Row, Shown } from "../../src/script/index.ts";
import { runProgram } from "../helpers/jobs.ts";
import { openSite, type Site } from "./site.ts";

const file = "test/programs/train-decoder.ts";
let site: Site;

beforeAll(async () => {
  site = await openSite({ "train-decoder": file });
}, 120_000);

afterAll(() => site?.close());

/** The rows that a rank has shown. */
function rowsOf(rank: number, shown: readonly { readonly rank: number; readonly shown: Shown }[]): Row[] {
  return shown.flatMap((each) => (each.rank === rank && each.shown.kind === "row" ? [each.shown.row] : []));
}

const losses = (rows: readonly Row[]): number[] =>
  rows.flatMap(({ loss }) => (loss === undefined ? [] : [Number(loss)]));
const texts = (rows: readonly Row[]): unknown[] => rows.flatMap(({ tokens }) => (tokens === undefined ? [] : [tokens]));

describe("20 steps of a decoder", () => {
  const byRanks: number[][] = [];

  it.each([1, 3])("in a headless browser, on %i ranks: the losses and tokens of Node", async (ranks) => {
    const job = { ranks, transport: "shm", options: {} } as const;
    const here = await runProgram(file, job);
    const there = await site.run("train-decoder", job);
    expect([here.failure?.message, there.failure]).toEqual([undefined, undefined]);
    const shown = there.output.flatMap((what) => (what.type === "shown" ? [what] : []));
    // The same kernels round alike, to the last bit; with and without fused multiply-add they do not.
    const same = (await site.build()) === (await nodePlatform.loadKernels()).build;
    for (let rank = 0; rank < ranks; rank++) {
      const [node, page] = [rowsOf(rank, here.shown), rowsOf(rank, shown)];
      const wanted = losses(node).map((loss) => (same ? loss : expect.closeTo(loss, 4)));
      expect(wanted).toHaveLength(20);
      expect(losses(page)).toEqual(wanted);
      expect(texts(node)).toHaveLength(2);
      expect(texts(page)).toEqual(texts(node));
    }
    byRanks.push(losses(rowsOf(0, shown)));
  });

  it("3 ranks learn what one learns, but for rounding", () => {
    const [one, three] = byRanks;
    expect(three).toEqual(one.map((loss) => expect.closeTo(loss, 4)));
    expect(one[19]).toBeLessThan(one[0] - 1);
  });
});
