/** Pages of what programs show: on a phone and on a desk nothing is cut off or has to be pushed aside to be read. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { pageOf } from "../../src/draw/index.ts";
import type { Shown } from "../../src/script/index.ts";
import { launchBrowser } from "../helpers/browser.ts";

const names = ["shared", "ring", "doubling", "halving", "tree", "double-tree", "hierarchical", "one-shot"];
const long = "a title that says more than fits on one line of a telephone, and then goes on for a while";
const shown: Shown[] = [
  {
    kind: "line",
    text: "A line of words that is longer than any page is wide, and therefore has to go on below itself.",
  },
  { kind: "line", text: "│  ├─ core 0  (shared memory, 10 GB/s  ◀ bottleneck)" },
  { kind: "row", row: { rank: 0, "whole (ms)": 1.25, "micro-batches (ms)": 0.5, stages: 4 } },
  { kind: "table", title: long, rows: [Object.fromEntries(names.map((name, i) => [`${name} (µs)`, 10 ** i + 0.5]))] },
  {
    kind: "table",
    title: "words",
    rows: [
      {
        NCCL: "RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR, MASTER_PORT",
        here: "the same",
        what: "the launcher's, in torch and here",
      },
    ],
  },
  { kind: "plot", title: long, series: names.map((name, i) => ({ name, y: [i, 2 * i, i * i] })) },
  {
    kind: "timeline",
    title: long,
    lanes: Array.from({ length: 14 }, (_, lane) => ({
      name: `${lane} stream ${lane % 3}`,
      spans: names.map((name, i) => ({ name, start: 10 * i + lane, end: 10 * i + lane + 7 })),
    })),
  },
];

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
}, 120_000);
afterAll(() => browser?.close());

it.each([360, 390, 640, 800, 1440])("nothing is cut at %i pixels", async (width) => {
  const page = await browser.newPage({ viewport: { width, height: 800 } });
  await page.setContent(
    pageOf(
      "title",
      long,
      shown.map((what, i) => ({ rank: i % 2, shown: what })),
    ),
  );
  const cut = await page.evaluate(() => {
    const all = [...document.querySelectorAll("body, pre, h2, .wide, td")];
    const wide = all
      .filter((each) => each.scrollWidth > each.clientWidth + 1)
      .map((each) => each.outerHTML.slice(0, 80));
    // Words of pictures lie within them.
    const outside = [...document.querySelectorAll("svg text")].filter((text) => {
      const [own, frame] = [text.getBoundingClientRect(), (text.closest("svg") as Element).getBoundingClientRect()];
      return (
        own.width > 0 && (own.right > frame.right + 1 || own.left < frame.left - 1 || own.bottom > frame.bottom + 1)
      );
    });
    const small = [...document.querySelectorAll("svg text")].filter((text) => {
      const height = text.getBoundingClientRect().height;
      return height > 0 && height < 10;
    });
    return [...wide, ...[...outside, ...small].map((text) => text.textContent)];
  });
  expect(cut).toEqual([]);
  const seen = await page.evaluate(
    () => [...document.querySelectorAll("svg")].filter((svg) => svg.clientWidth > 0).length,
  );
  expect(seen).toBe(2);
  await page.close();
});
