import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import type { Advice } from "../../src/exercise/define.ts";
import { courseExercises } from "../../src/exercise/node/catalog.ts";

/** An exercise.ts and the files beside it that it imports. */
function judgeOf(file: string): string {
  const text = readFileSync(file, "utf8");
  const beside = [...text.matchAll(/from "(\.\/[^"]+)"/g)].map(([, path]) => join(file, "..", path));
  return [text, ...beside.map(judgeOf)].join("\n");
}

/** The property is the first argument of a Wrong, and of a `fail` that makes one; and the second one of `must`. */
const thrown = /(?:new Wrong|\bfail)\(\s*"([^"]+)",/g;
const demanded = /\bmust\([\s\S]*?,\s*"([^"]+)",/g;

/** What a check of this exercise can say that does not hold. */
function propertiesOf(judge: string): string[] {
  const found = [...judge.matchAll(thrown), ...judge.matchAll(demanded)].map(([, property]) => property);
  if (judge.includes(".allowOnly(")) found.push("what is called");
  if (/\bformed[<(]/.test(judge)) found.push("what it returns");
  return [...new Set([...found, "it runs to the end"])].sort();
}

const wordsOf = (text: string): string[] => text.toLowerCase().match(/\w+/g) ?? [];

describe.each(courseExercises())("the advice of exercise $number", ({ file, folder }) => {
  const judge = judgeOf(file);
  const place = join(folder, "advice.ts");
  const read = async (): Promise<[string, Advice][]> =>
    Object.entries(((await import(pathToFileURL(place).href)) as { default: Record<string, Advice> }).default);

  it("is there, for each property that the judge looks at and for no other", async () => {
    expect(existsSync(place), `${place} is missing`).toBe(true);
    expect((await read()).map(([property]) => property).sort()).toEqual(propertiesOf(judge));
  });

  it("misses no property that is written in another way", () => {
    const calls = (pattern: RegExp): number => [...judge.matchAll(pattern)].length;
    const helpers = calls(/new Wrong\(property,/g); // what `fail` is made of
    expect(calls(/new Wrong\(/g) + calls(/\bfail\(/g) - helpers).toBe(calls(thrown));
    expect(calls(/\bmust\(/g)).toBe(calls(demanded));
  });

  it("sends its reader to a heading of the chapter", async () => {
    const chapter = readFileSync(join(folder, "../../README.md"), "utf8");
    const headings = [...chapter.replace(/^```[\s\S]*?^```/gm, "").matchAll(/^#+ (.+)$/gm)].map(([, title]) => title);
    for (const [property, { read: heading }] of await read()) expect(headings, property).toContain(heading);
  });

  it("is a sentence or two, and no line of the solution", async () => {
    const solution = readFileSync(join(folder, "solution.ts"), "utf8").split("\n");
    const lines = solution.map((line) => line.replace(/^\s*\/\/+/, "").trim()).filter((line) => line.length > 12);
    const entries = await read();
    expect(new Set(entries.map(([, { hint }]) => hint)).size).toBe(entries.length);
    for (const [property, { hint }] of entries) {
      const length = `${property}: ${hint.length} characters`;
      expect(hint.length, length).toBeGreaterThanOrEqual(20);
      expect(hint.length, length).toBeLessThanOrEqual(220);
      expect(hint, property).toMatch(/[.?]$/);
      for (const line of lines) {
        expect(hint, property).not.toContain(line);
        const shared = wordsOf(hint).filter((word) => wordsOf(line).includes(word));
        expect(shared.length, `${property}, beside: ${line}`).toBeLessThan(wordsOf(hint).length / 2);
      }
    }
  });
});
