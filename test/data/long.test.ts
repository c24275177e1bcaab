/** Long documents: they fill a context, their people stay, and what is asked at the end was said before. */
import { describe, expect, it } from "vitest";
import { checkStory, documentSamples, isHeldOut, makeLongDocument, type Part } from "../../src/data/index.ts";
import { colours } from "../../src/data/stories/words.ts";
import { mulberry32 } from "../../src/platform/random.ts";

const random = mulberry32(31);
const CHARACTERS = 4000;
const documents = Array.from({ length: 300 }, () => makeLongDocument(random, CHARACTERS));
const books = documents.filter(([{ role }]) => role === "plain");
const textOf = (parts: readonly Part[]): string => parts.map(({ text }) => text).join("\n");

describe("long documents", () => {
  it("are of three sorts, and as long as was asked for, or nearly", () => {
    expect(books.length).toBeGreaterThan(150);
    expect(documents.filter(([{ text }]) => /=$/.test(text)).length).toBeGreaterThan(30);
    expect(documents.filter(([{ text }]) => text.startsWith("Tell a story")).length).toBeGreaterThan(30);
    for (const document of documents) expect(textOf(document).length).toBeGreaterThan(0.85 * CHARACTERS);
    for (const document of documents) expect(textOf(document).length).toBeLessThan(1.35 * CHARACTERS);
  });

  it("in books, the same two people stay what they are through all chapters, which are numbered", () => {
    for (const book of books) {
      const chapters = book.filter(({ role }) => role === "plain");
      expect(chapters.map(({ text }) => /^Chapter (\d+)\. /.exec(text)?.[1])).toEqual(
        chapters.map((_, i) => `${i + 1}`),
      );
      const all = chapters.map(({ text }) => text.replace(/^Chapter \d+\. /, "")).join(" ");
      const verdict = checkStory(all);
      for (const rule of ["no name that was not introduced", "kinds stay", "girls and boys as named"])
        expect([rule, verdict[rule]]).toEqual([rule, true]);
      expect(chapters.length).toBeGreaterThanOrEqual(6);
      for (const { text } of chapters.slice(1)) expect(text).not.toMatch(/named|called|Once upon/);
    }
  });

  it("in books, each color that is asked for was said, of one object once", () => {
    let asked = 0;
    for (const book of books) {
      const text = book
        .filter(({ role }) => role === "plain")
        .map((part) => part.text)
        .join(" ");
      for (const { role, text: answer } of book) {
        const fact = role === "assistant" && /^The (\w+) was (\w+)\.$/.exec(answer);
        if (!fact) continue;
        asked++;
        const shades = [...text.matchAll(new RegExp(`\\b(${colours.join("|")}) ${fact[1]}\\b`, "g"))].map(
          ([, word]) => word,
        );
        expect([answer, ...new Set(shades)]).toEqual([answer, fact[2]]);
      }
    }
    expect(asked).toBeGreaterThan(3 * books.length);
  });

  it("have no held-out operands", () => {
    for (const document of documents) {
      for (const { role, text } of document) {
        const pair = role === "user" && /^(?:steps )?(\d+)[+-](\d+)=$/.exec(text);
        if (pair) expect(isHeldOut(Number(pair[1]), Number(pair[2]))).toBe(false);
      }
    }
  });
});

describe("a share of long documents", () => {
  const encoder = {
    bos: 1,
    eos: 2,
    user: 3,
    assistant: 4,
    encode: (text: string) => (text.match(/.{1,4}/gs) ?? []).map((_, i) => 10 + (i % 50)),
  };
  const lengthsWith = (options: { long?: number; short?: number }): number[] => {
    const samples = documentSamples(encoder, { seed: 2, longest: 1025, ...options });
    return Array.from({ length: 400 }, (_, i) => samples.get(i).ids.length);
  };
  const full = (lengths: readonly number[]): number =>
    lengths.filter((length) => length >= 0.8 * 1025).length / lengths.length;

  it("fills the context with that share, and changes nothing where it is 0", () => {
    expect(lengthsWith({ long: 0 })).toEqual(lengthsWith({}));
    expect(full(lengthsWith({}))).toBeLessThan(0.05);
    expect(Math.abs(full(lengthsWith({ long: 0.3 })) - 0.3)).toBeLessThan(0.1);
    expect(full(lengthsWith({ long: 1 }))).toBeGreaterThan(0.95);
    expect(Math.max(...lengthsWith({ long: 1 }))).toBeLessThanOrEqual(1025);
    expect(full(lengthsWith({ long: 1, short: 400 }))).toBe(0);
  });

  it("is from 0 to 1", () => {
    expect(() => lengthsWith({ long: 2 })).toThrow("A share of long documents is from 0 to 1, not 2.");
    expect(() => lengthsWith({ long: Number.NaN })).toThrow("not NaN");
  });
});
