import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { renderShown } from "../../src/cli/render.ts";
import { pageOf, seriesSvg, timelineSvg } from "../../src/draw/index.ts";
import type { Shown } from "../../src/script/index.ts";
import { showable } from "../../src/script/showable.ts";
import { toPerfetto } from "../../src/trace/perfetto.ts";
import { type Span, Tracer } from "../../src/trace/trace.ts";
import { makeTensorDevice } from "../helpers/device.ts";

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

it("tables wider than a terminal are wrapped at spaces, and then go on below", () => {
  const wide = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`algorithm-${i} (µs)`, 1000 + i]));
  const long = "a long text of many words that no terminal has room for in one line of a table like this one";
  for (const row of [
    { bytes: 64, ...wide },
    { name: "x", long, again: long },
  ]) {
    const lines = draw({ kind: "table", title: "T", rows: [row, row] });
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    const cells = lines.flatMap((line) => line.split("│").map((each) => each.trim()));
    for (const value of Object.values(row)) {
      if (typeof value === "number")
        expect(cells.filter((each) => each === String(value)).length).toBeGreaterThanOrEqual(2);
    }
  }
  const parts = draw({ kind: "table", title: "", rows: [{ bytes: 64, ...wide }] });
  const heads = parts.filter((line) => line.includes("bytes"));
  expect(heads.length).toBeGreaterThan(1); // each part begins with the first column
});

it("titles and legends are wrapped", () => {
  const title = "words ".repeat(30).trim();
  const spans = Array.from({ length: 9 }, (_, i) => ({ name: `micro-batch ${i}`, start: i, end: i + 1 }));
  const lines = draw({ kind: "timeline", title, lanes: [{ name: "x", spans }] });
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  expect(lines.join("\n")).toContain("I micro-batch 8");
  const series = Array.from({ length: 8 }, (_, i) => ({ name: `algorithm ${i}`, y: [i, 1, 2] }));
  const plot = draw({ kind: "plot", title: "", series });
  for (const line of plot) expect(line.length).toBeLessThanOrEqual(80);
  for (let i = 0; i < 8; i++) expect(plot.join("\n")).toContain(`${"ABCDEFGH"[i]} algorithm ${i}`);
});

it("draws curves and timelines", () => {
  const plot = draw({ kind: "plot", title: "", series: [{ name: "loss", y: [4, 3, 2, 1] }] });
  expect(plot[0]).toMatch(/ 4 ┤A─+╮/);
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

describe("a trace of spans that overlap", () => {
  interface Event {
    readonly ph: string;
    readonly name: string;
    readonly pid: number;
    readonly tid: number;
    readonly ts: number;
    readonly dur: number;
    readonly args: { readonly name: string; readonly number: number };
  }
  const eventsOf = (ranks: readonly (readonly Span[])[]): Event[] => JSON.parse(toPerfetto(ranks)).traceEvents;
  /** A place in time in nanoseconds, which is what a reader of the file counts in. */
  const nanoseconds = ({ ts, dur }: Event): [start: number, end: number] => [
    Math.round(ts * 1000),
    Math.round(ts * 1000) + Math.round(dur * 1000),
  ];

  /** Coarse times meet often; fine ones have no exact fraction, late on a clock that has run for days. */
  const clocks = { coarse: 1, fine: 1 / 7, late: 1e-4 } as const;
  const span = fc.record({
    lane: fc.constantFrom("host" as const, "device" as const, "comm" as const),
    name: fc.constantFrom("send", "recv", "step"),
    start: fc.nat(30),
    length: fc.oneof(fc.nat(12), fc.constant(0), fc.constant(100)),
  });
  const ranks = fc.array(fc.array(span, { maxLength: 40 }), { minLength: 1, maxLength: 3 });

  it.each(Object.entries(clocks))("has on each track what nests or is apart, and loses nothing: %s", (clock, unit) => {
    const origin = clock === "late" ? 123_456_789.123 : 0;
    fc.assert(
      fc.property(ranks, (drawn) => {
        let number = 0;
        const given = drawn.map((spans) =>
          spans.map(({ lane, name, start, length }): Span => {
            const times = { start: origin + start * unit, end: origin + (start + length) * unit };
            return { lane, name, ...times, args: { number: number++ } };
          }),
        );
        const events = eventsOf(given);
        const complete = events.filter(({ ph }) => ph === "X");
        const first = Math.min(...given.flat().map(({ start }) => start));
        const names = new Map<string, string>();
        for (const { name, pid, tid, args } of events) {
          if (name === "thread_name") names.set(`${pid}/${tid}`, args.name);
        }
        const found = complete.map((event) => ({
          number: event.args.number,
          name: event.name,
          rank: event.pid,
          lane: names.get(`${event.pid}/${event.tid}`)?.replace(/ \(\d+\)$/, ""),
          times: nanoseconds(event),
        }));
        expect(found.sort((a, b) => a.number - b.number)).toEqual(
          given.flatMap((spans, rank) =>
            spans.map(({ lane, name, start, end, args }) => ({
              number: args?.number,
              name,
              rank,
              lane,
              times: [Math.round((start - first) * 1e6), Math.round((end - first) * 1e6)],
            })),
          ),
        );
        for (const key of names.keys()) {
          const track = complete.filter(({ pid, tid }) => `${pid}/${tid}` === key);
          const open: number[] = [];
          for (const event of track) {
            const [start, end] = nanoseconds(event);
            while (open.length > 0 && (open.at(-1) as number) <= start) open.pop();
            expect(end).toBeLessThanOrEqual(open.at(-1) ?? Infinity);
            open.push(end);
          }
          expect(track.map(({ ts }) => ts)).toEqual(track.map(({ ts }) => ts).sort((a, b) => a - b));
        }
      }),
      { numRuns: 300 },
    );
  });

  it("keeps nested spans on one track, and uses no more tracks than overlap", () => {
    const comm = (name: string, start: number, end: number): Span => ({ lane: "comm", name, start, end });
    const events = eventsOf([
      [comm("inner", 1, 2), comm("outer", 0, 4), comm("across", 3, 5), comm("third", 3.5, 6), comm("after", 6, 7)],
    ]);
    const names = new Map(events.filter(({ name }) => name === "thread_name").map(({ tid, args }) => [tid, args.name]));
    expect([...names.values()]).toEqual(["host", "device", "comm", "comm (2)", "comm (3)"]);
    const tracks = events.filter(({ ph }) => ph === "X").map(({ name, tid }) => [name, names.get(tid)]);
    expect(tracks).toEqual([
      ["outer", "comm"],
      ["inner", "comm"],
      ["across", "comm (2)"],
      ["third", "comm (3)"],
      ["after", "comm"],
    ]);
  });

  it("is written soon, also when thousands are open at once", () => {
    const spans = Array.from(
      { length: 20_000 },
      (_, i): Span => ({ lane: "comm", name: "send", start: i, end: i + 5000.5 }),
    );
    expect(
      new Set(
        eventsOf([spans])
          .filter(({ ph }) => ph === "X")
          .map(({ tid }) => tid),
      ).size,
    ).toBe(5001);
  });
});

describe("pictures of timelines", () => {
  const span = fc.record({
    name: fc.constantFrom("gemm", "copy"),
    start: fc.nat(1000),
    length: fc.integer({ min: 1, max: 300 }),
  });
  const lanes = fc.array(fc.array(span, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 4 });

  it("draw each span as long as it was, clear of the others", () => {
    fc.assert(
      fc.property(lanes, (rows) => {
        const given = rows.map((spans, i) => ({
          name: `lane ${i}`,
          spans: spans.map(({ name, start, length }) => ({ name, start, end: start + length })),
        }));
        const svg = timelineSvg(given, "T");
        const bars = [
          ...svg.matchAll(/<rect x="([\d.]+)" y="(\d+)" width="([\d.]+)" height="(\d+)"[^>]*><title>/g),
        ].map((match) => match.slice(1).map(Number));
        const spans = given.flatMap((lane) => lane.spans);
        expect(bars.length).toBe(spans.length);
        const length = Math.max(...spans.map(({ end }) => end)) - Math.min(...spans.map(({ start }) => start));
        const scale = Math.max(...bars.map(([x, , width]) => x + width)) - Math.min(...bars.map(([x]) => x));
        const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
        const drawn = sum(bars.map(([, , width]) => width)) / scale;
        expect(Math.abs(drawn - sum(spans.map(({ start, end }) => end - start)) / length)).toBeLessThan(0.05);
        bars.forEach(([x, y, width, height], i) => {
          for (const [x2, y2, width2, height2] of bars.slice(i + 1)) {
            const apart = x + width <= x2 + 0.2 || x2 + width2 <= x + 0.2 || y + height <= y2 || y2 + height2 <= y;
            expect(apart || width <= 1 || width2 <= 1).toBe(true);
          }
        });
      }),
    );
  });
});

it("pages hold everything that was shown, as text only", () => {
  const evil = "<script>alert(1)</script>";
  const page = pageOf(evil, evil, [
    { rank: 0, shown: { kind: "line", text: `a ${evil}` } },
    { rank: 1, shown: { kind: "row", row: { [evil]: evil, third: 1 / 3 } } },
    { rank: 1, shown: { kind: "table", title: evil, rows: [{ x: 1 }, { y: undefined }] } },
    { rank: 0, shown: { kind: "plot", title: evil, series: [{ name: evil, y: [1, Number.NaN, 3] }] } },
    {
      rank: 0,
      shown: { kind: "timeline", title: evil, lanes: [{ name: evil, spans: [{ name: evil, start: 0, end: 1 }] }] },
    },
    { rank: 0, shown: { kind: "timeline", title: "empty", lanes: [] } },
  ]);
  expect(page).not.toContain("<script");
  for (const text of ["a &lt;script", "0.333333", "rank 1", "Nothing was recorded", "<polyline", "1.000 ms"]) {
    expect(page).toContain(text);
  }
  expect(page).not.toContain("NaN");
  expect(seriesSvg([], "none")).toContain("none");
});

it("draws a span within another over it", () => {
  const spans = [
    { name: "inner", start: 4, end: 5 },
    { name: "outer", start: 0, end: 10 },
  ];
  const [row] = draw({ kind: "timeline", title: "", lanes: [{ name: "host", spans }] });
  expect(row).toMatch(/host B+A+B+$/);
});

it("draws numbers whose difference is no finite number", () => {
  const y = [Number.MAX_VALUE, 0, -Number.MAX_VALUE];
  const lines = draw({ kind: "plot", title: "", series: [{ name: "far", y }] });
  expect(lines.slice(0, 12).every((line) => !/NaN|Infinity/.test(line))).toBe(true);
  expect(lines.find((line) => line.includes("1.80e+308 ┤"))).toContain("A");
  const page = seriesSvg([{ name: "far", y }], "far");
  expect(page).not.toMatch(/NaN|Infinity/);
  expect(page).toMatch(/points="84,44 \d+,164 \d+,284"/);
});

describe("whatever a program shows", () => {
  const kinds = ["line", "row", "table", "plot", "timeline"] as const;
  const field = { line: "text", row: "row", table: "rows", plot: "series", timeline: "lanes" } as const;

  it("can be sent, drawn and written", () => {
    const anything = fc.anything({
      withBigInt: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withDate: true,
    });
    const named = fc.record({ name: anything, y: anything, spans: anything }, { requiredKeys: [] });
    const values = fc.oneof(anything, fc.array(fc.oneof(anything, named)), named);
    fc.assert(
      fc.property(fc.constantFrom(...kinds), values, anything, (kind, value, title) => {
        const sent = structuredClone(showable({ kind, title, [field[kind]]: value } as unknown as Shown));
        for (const line of draw(sent)) expect(line).not.toMatch(/\n/);
        JSON.stringify(sent);
        pageOf("t", "about", [{ rank: 0, shown: sent }]);
      }),
    );
  });

  it("is in words where it is no plain value", async () => {
    const device = await makeTensorDevice();
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const row = {
      t: device.zeros([2]),
      big: 3n,
      map: new Map([[1, 2]]),
      text: "a\nb",
      gone: proxy,
      nothing: undefined,
    };
    expect(showable({ kind: "row", row } as unknown as Shown)).toEqual({
      kind: "row",
      row: {
        t: "f32[2]",
        big: "3",
        map: "Map(1) { 1 => 2 }",
        text: "a ↵ b",
        gone: "(a value that cannot be read)",
        nothing: undefined,
      },
    });
  });

  it("has gaps in a plot where numbers are missing", () => {
    const y = [1, 2, Number.NaN, 4, Infinity, 6];
    const lines = draw(
      showable({
        kind: "plot",
        title: "",
        series: [
          { name: "loss", y },
          { name: "none", y: [] },
        ],
      }),
    );
    expect(lines.at(-1)).toContain("A loss (2 of 6 missing)   B none (empty)");
    const columns = lines.slice(0, -1).map((line) => line.slice(line.indexOf("┤") + 1));
    const width = Math.max(...columns.map(({ length }) => length));
    const empty = Array.from({ length: width }, (_, i) => columns.every((line) => (line[i] ?? " ") === " "));
    expect(empty.filter(Boolean).length).toBeGreaterThan(width / 6); // one of six, and more at the end
    for (const line of draw({ kind: "plot", title: "", series: [{ name: "x".repeat(60), y: [5, 5] }] }).slice(0, -1))
      expect(line.length).toBeLessThanOrEqual(110);
  });

  it("has gaps on a page, too, and every name of a curve", () => {
    const series = Array.from({ length: 8 }, (_, i) => ({ name: `curve ${i}`, y: [1, Number.NaN, 3 + i, 4] }));
    const svg = seriesSvg(series, "t");
    const width = Number(/viewBox="0 0 (\d+)/.exec(svg)?.[1]);
    for (const { name } of series) {
      const x = Number(new RegExp(`<text x="([\\d.]+)"[^>]*>${name}<`).exec(svg)?.[1]);
      expect(x + 80).toBeLessThan(width);
    }
    expect(svg.match(/<polyline/g)).toHaveLength(2 * series.length); // before the gap, and after it
  });

  it("may be more than a call has arguments", () => {
    const spans = Array.from({ length: 250_000 }, (_, i) => ({ name: "a", start: i, end: i + 1 }));
    expect(draw({ kind: "timeline", title: "", lanes: [{ name: "lane", spans }] }).length).toBe(3);
    expect(
      timelineSvg([{ name: "lane", spans: spans.map((span, i) => ({ ...span, name: `s${i % 3}` })) }], "t"),
    ).toContain("s2");
    const y = spans.map(({ start }) => start);
    expect(draw({ kind: "plot", title: "", series: [{ name: "y", y }] }).length).toBeGreaterThan(5);
    expect(seriesSvg([{ name: "y", y }], "t")).toContain("249999");
    const traced = spans.map((span) => ({ ...span, lane: "host" as const }));
    expect(JSON.parse(toPerfetto([traced as never])).traceEvents.length).toBeGreaterThanOrEqual(250_000);
  });

  it("does not command the terminal, unless that is allowed", () => {
    const shown: Shown = { kind: "line", text: "\u001b[2Jgone\u009b" };
    expect(renderShown(0, shown, 1)[0]).toContain("␛[2Jgone�");
    expect(renderShown(0, shown, 1, true)[0]).toContain("\u001b[2Jgone");
  });
});
