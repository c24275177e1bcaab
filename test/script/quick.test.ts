/** The quick form of a script: what may be declared, and what of the things shown must agree. */
import { describe, expect, it } from "vitest";
import { agreed, defineScript, number, quickOptions, type Script, type Shown } from "../../src/script/index.ts";

const options = { size: number(512, "rows", { min: 8, integer: true }), rounds: number(4, "rounds") };
const declare = (more: object): Script =>
  defineScript({ about: "", options, main() {}, ...more } as Parameters<typeof defineScript>[0]);

describe("what may be declared", () => {
  it.each([
    [
      { quick: { options: { sise: 64 } } },
      /The quick form has no option "sise"; the options are size, rounds. Did you mean size\?/,
    ],
    [{ quick: { options: { size: 4 } } }, /The quick form's size is refused: 4 is not at least 8\./],
    [{ quick: { options: { size: "64" } } }, /The quick form's size is "64"; its option is a number\./],
    [{ quick: {} }, /A script's quick form is \{ options: \{ … \} \}; its options are undefined\./],
    [{ measured: "(ms)" }, /What a script measures is a list of strings, not /],
  ])("%j is refused", (more, message) => {
    expect(() => declare(more)).toThrow(message);
  });

  it("a script without a quick form is quick as it is", () => {
    expect(quickOptions(declare({}))).toEqual({});
    expect(quickOptions(declare({ quick: { options: { size: 64 } } }))).toEqual({ size: 64 });
  });
});

describe("what must agree", () => {
  const measured = ["(ms)", "thread", "Took", "Times"];
  const spans = [{ name: "a", start: 0, end: 1 }];
  const cases: [Shown, Shown | undefined][] = [
    [{ kind: "line", text: "Took 3 ms" }, undefined],
    [
      { kind: "line", text: "It took 3 ms" },
      { kind: "line", text: "It took 3 ms" },
    ],
    [
      { kind: "row", row: { rank: 1, thread: 4, "whole (ms)": 2 } },
      { kind: "row", row: { rank: 1 } },
    ],
    [
      { kind: "table", title: "All", rows: [{ rank: 0, thread: 1 }] },
      { kind: "table", title: "All", rows: [{ rank: 0 }] },
    ],
    [{ kind: "table", title: "Times of all", rows: [{ rank: 0 }] }, undefined],
    [
      { kind: "plot", title: "Times", series: [{ name: "ring", y: [1, 2] }] },
      { kind: "plot", title: "Times", series: [{ name: "ring", y: [] }] },
    ],
    [
      { kind: "plot", title: "Loss", series: [{ name: "run", y: [1, 2] }] },
      { kind: "plot", title: "Loss", series: [{ name: "run", y: [1, 2] }] },
    ],
    [
      { kind: "timeline", title: "Two streams (3 ms)", lanes: [{ name: "host", spans }] },
      { kind: "timeline", title: "", lanes: [{ name: "host", spans: [] }] },
    ],
  ];
  it.each(cases)("of %j", (shown, kept) => {
    expect(agreed(shown, measured)).toEqual(kept);
  });

  it("everything, where nothing is measured", () => {
    for (const [shown] of cases) if (shown.kind !== "timeline") expect(agreed(shown)).toEqual(shown);
  });
});
