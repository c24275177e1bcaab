/** A picture as data: both renderers show every shape, in the same place, and nothing outside of the frame. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { letterOf, moved, type Scene, type Shape, sceneSvg, sceneText } from "../../src/draw/index.ts";

/** One of each kind, with what a terminal and an SVG file show of it. */
const kinds: Record<Shape["kind"], { shape: Shape; text: string; svg: RegExp }> = {
  text: { shape: { kind: "text", x: 1, y: 1, text: "words" }, text: "words", svg: />words</ },
  box: {
    shape: { kind: "box", x: 1, y: 0, width: 4, height: 3, dashed: true },
    text: "┌──┐",
    svg: /<rect[^>]*dasharray/,
  },
  cells: {
    shape: { kind: "cells", x: 0, y: 1, width: 3, cells: [{ text: "a" }, { text: "a+b", strong: true }, { text: "" }] },
    text: "│ a ┃a+b┃   │",
    svg: />a\+b</,
  },
  line: { shape: { kind: "line", points: [[1, 1], [5, 1]], arrow: true }, text: "╶───▶", svg: /<path d="M/ }, // biome-ignore format: two ends
  band: { shape: { kind: "band", y: 0, height: 2, label: "Round 1" }, text: "Round 1", svg: />Round 1</ },
  lane: { shape: { kind: "lane", x: 2, y: 0, height: 2, ink: 3 }, text: "│", svg: /<path[^>]*var\(--c3\)/ },
  dot: { shape: { kind: "dot", x: 3, y: 1, ink: "bad" }, text: "●", svg: /<circle[^>]*var\(--bad\)/ },
};

const sceneOf = (shapes: readonly Shape[], width = 20, height = 5): Scene => ({
  ...{ title: "Title", about: "What it shows", width, height, shapes },
});

describe.each(Object.entries(kinds))("%s", (_, { shape, text, svg }) => {
  it("is shown by both renderers", () => {
    expect(sceneText(sceneOf([shape])).join("\n")).toContain(text);
    expect(sceneSvg(sceneOf([shape]))).toMatch(svg);
  });

  it("is moved as a whole", () => {
    const [title, empty, ...lines] = sceneText(sceneOf([shape]));
    const isBand = shape.kind === "band"; // which is as wide as the picture
    const below = lines.slice(0, 3).map((line) => (isBand || line === "" ? line : `    ${line}`));
    expect(sceneText(sceneOf(moved([shape], 4, 2)))).toEqual([title, empty, "", "", ...below]);
  });
});

it("a small scene as text, to the character", () => {
  const shapes: Shape[] = [
    { kind: "band", y: 2, height: 2, label: "Round 1" },
    { kind: "cells", x: 0, y: 1, width: 3, cells: [{ text: "a" }] },
    { kind: "cells", x: 10, y: 1, width: 3, cells: [{ text: "b" }] },
    { kind: "text", x: 3, y: 0, text: "rank 0", anchor: "middle" },
    { kind: "text", x: 16, y: 0, text: "rank 1", anchor: "end" },
    { kind: "lane", x: 2, y: 3, height: 1 },
    { kind: "lane", x: 12, y: 3, height: 1 },
    { kind: "line", points: [[2, 3], [11, 3]], arrow: true }, // biome-ignore format: two ends
    { kind: "text", x: 6, y: 3, text: " a ", anchor: "middle" },
    { kind: "box", x: 0, y: 4, width: 5, height: 3 },
    { kind: "line", points: [[2, 6], [2, 8], [12, 8], [12, 6]], arrow: true }, // biome-ignore format: a way
    { kind: "line", points: [[2, 7], [5, 7]] }, // biome-ignore format: two ends
    { kind: "dot", x: 7, y: 8 },
  ];
  expect(sceneText(sceneOf(shapes, 17, 9))).toEqual([
    "Title",
    "",
    "rank 0     rank 1",
    "│ a │     │ b │",
    "Round 1",
    "  ├── a ───▶│",
    "┌───┐",
    "│   │",
    "└─┬─┘       ▲",
    "  ├──╴      │",
    "  └────●────┘",
  ]);
});

it("what lies between two cells is in the nearer one", () => {
  const shapes: Shape[] = [
    { kind: "text", x: 1.4, y: 0, text: "word" },
    { kind: "text", x: 8.6, y: 0.4, text: "mid", anchor: "middle" },
    { kind: "cells", x: 0.4, y: 1, width: 1, cells: [{ text: "c" }] },
    { kind: "dot", x: 4.7, y: 1.2 },
    { kind: "lane", x: 7.3, y: 1, height: 1 },
    { kind: "line", points: [[0.4, 2], [5.7, 2]], arrow: true }, // biome-ignore format: two ends
  ];
  expect(sceneText(sceneOf(shapes, 12, 3)).slice(2)).toEqual([" word   mid", "│c│  ● │", "╶─────▶"]);
});

it("what does not fit in a scene is cut in a terminal", () => {
  const text: Shape = { kind: "text", x: 3, y: 0, text: "longer than that" };
  expect(sceneText(sceneOf([text], 8, 1))[2]).toBe("   longe");
});

/** Where the words of an SVG file begin and end, in pixels: fonts are no wider than a cell a character. */
function wordsOf(svg: string): { text: string; left: number; right: number; y: number }[] {
  return [...svg.matchAll(/<text x="([^"]+)" y="([^"]+)"([^>]*)>([^<]*)</g)].map(([, x, y, attributes, text]) => {
    const plain = text.replace(/&\w+;/g, "&");
    const size = /small/.test(attributes) ? 6.2 : /mono/.test(attributes) ? 7.3 : /title/.test(attributes) ? 8.2 : 7;
    const wide = [...plain].length * size;
    const back = /"end"/.test(attributes) ? wide : /"middle"/.test(attributes) ? wide / 2 : 0;
    return { text: plain, left: Number(x) - back, right: Number(x) - back + wide, y: Number(y) };
  });
}

const course = readdirSync("course", { recursive: true, encoding: "utf8" })
  .filter((file) => /figures[\\/][^\\/]+\.ts$/.test(file))
  .map((file) => `course/${file.replace(/\.ts$/, ".svg")}`);

it.each(course)("%s has no words outside of its frame", (file) => {
  const svg = readFileSync(file, "utf8");
  const [, width, height] = (/viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? []).map(Number);
  expect(width).toBeLessThanOrEqual(530); // legible at 390 pixels
  const words = wordsOf(svg);
  expect(words.length).toBeGreaterThan(5);
  for (const { text, left, right, y } of words) {
    const place = `${text} from ${left} to ${right} at ${y}`;
    expect([left >= 0, right <= width, y > 10, y <= height - 4], place).toEqual([true, true, true, true]);
  }
});

it("words that need more room than their scene says make its SVG wider", () => {
  const long = "longer than eight columns, and longer than that again";
  const texts = (["start", "middle", "end"] as const).map(
    (anchor): Shape => ({ kind: "text", x: 3, y: 0, text: long, anchor }),
  );
  for (const scene of [...texts.map((text) => sceneOf([text], 8, 1)), { ...sceneOf([], 8, 1), title: long }]) {
    const svg = sceneSvg(scene);
    const [, width] = (/viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? []).map(Number);
    for (const { left, right } of wordsOf(svg)) expect([left >= 0, right <= width]).toEqual([true, true]);
  }
});

it("ranks have letters", () => {
  expect([0, 25, 26, 53].map(letterOf)).toEqual(["a", "z", "a1", "b2"]);
});
