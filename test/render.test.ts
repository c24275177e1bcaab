import { expect, it } from "vitest";
import { renderShown } from "../src/cli/render.ts";
import type { Shown } from "../src/script/index.ts";
import { toPerfetto } from "../src/trace/perfetto.ts";
import { Tracer } from "../src/trace/trace.ts";

/** What a terminal shows, without colours. */
function draw(shown: Shown, ranks = 4): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
  return renderShown(1, shown, ranks).map((line) => line.replace(/\x1b\[[0-9;]*m/g, "").trimEnd());
}

it("prefixes every line with the rank", () => {
  expect(draw({ kind: "line", text: "a\nb" })).toEqual(["rank 1 │ a", "rank 1 │ b"]);
  expect(draw({ kind: "line", text: "a" }, 100)).toEqual(["rank  1 │ a"]);
});

it("draws rows and tables with short numbers", () => {
  expect(draw({ kind: "row", row: { mean: 1 / 3, rank: 2, tiny: 1e-9 } })).toEqual([
    "rank 1 │ mean 0.333333   rank 2   tiny 1.000e-9",
  ]);
  const table = draw({
    kind: "table",
    title: "T",
    rows: [
      { name: "x", value: 1 },
      { name: "y", value: 22 },
    ],
  });
  expect(table).toEqual([
    "rank 1 │ T",
    "rank 1 │ ┌──────┬───────┐",
    "rank 1 │ │ name │ value │",
    "rank 1 │ ├──────┼───────┤",
    "rank 1 │ │ x    │     1 │",
    "rank 1 │ │ y    │    22 │",
    "rank 1 │ └──────┴───────┘",
  ]);
});

it("draws curves and timelines", () => {
  const plot = draw({ kind: "plot", title: "", series: [{ name: "loss", y: [4, 3, 2, 1] }] });
  expect(plot[0]).toMatch(/4\.00 +┼─/);
  expect(plot.at(-1)).toContain("loss");
  expect(draw({ kind: "plot", title: "", series: [] })).toEqual(["rank 1 │ (nothing to plot)"]);
  const spans = (name: string, start: number, end: number) => [{ name, start, end }];
  const lanes = [
    { name: "rank 0", spans: spans("send", 10, 15) },
    { name: "rank 1", spans: spans("recv", 15, 20) },
  ];
  const [first, second, axis, legend] = draw({ kind: "timeline", title: "", lanes });
  expect(first).toMatch(/^rank 1 │ rank 0 A+·+$/);
  expect(second).toMatch(/^rank 1 │ rank 1 ·+B+$/);
  expect(axis).toMatch(/0 ms +10\.00 ms$/);
  expect(legend).toContain("A send  B recv");
});

it("turns spans into a file that Perfetto reads", () => {
  const tracer = new Tracer(() => 5, 2);
  tracer.add("comm", "allReduce", 5, 6, { bytes: 4 });
  tracer.add("device", "gemm", 7, 7.5);
  tracer.add("host", "dropped", 8, 9);
  expect(tracer.dropped).toBe(1);
  const { traceEvents } = JSON.parse(toPerfetto([[], tracer.spans]));
  expect(traceEvents.filter((event: { ph: string }) => event.ph === "X")).toEqual([
    { ph: "X", pid: 1, tid: 2, name: "allReduce", ts: 0, dur: 1000, args: { bytes: 4 } },
    { ph: "X", pid: 1, tid: 1, name: "gemm", ts: 2000, dur: 500 },
  ]);
});
