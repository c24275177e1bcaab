/** The patterns that cut words, rewritten for JavaScript, against the native library on a sweep of Unicode. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type PatternName, patterns } from "../../src/models/tokenizer/index.ts";
import { WordSplitter } from "../../src/models/tokenizer/words.ts";
import { nativeWords } from "../helpers/hugging-face.ts";
import { isLong } from "../helpers/long.ts";
import { anyText, isNewCharacter } from "../helpers/tokenizers.ts";

const characterOf = (code: number): string => String.fromCodePoint(code);
/** A character where it can change what a word is: among letters, digits, signs, spaces, ends of lines, endings. */
const around = (x: string): string => `a${x}b 1${x}2  ${x}${x}'${x} ${x}\n${x}\r\n \n ${x}!${x}'l${x}'${x}l  `;

/** What a pattern, right or wrong, can ask of a character. */
const classes = ["\\p{L}", "\\p{N}", "\\p{White_Space}", "\\s", "\\w"].map((part) => new RegExp(part, "u"));
const classOf = (code: number): number =>
  classes.reduce((bits, pattern) => 2 * bits + Number(pattern.test(characterOf(code))), 0);

/** Code points to try: in the long form all that are assigned; else the first 0x800, and both sides of every border. */
function* codePoints(): Generator<number> {
  let before = 0;
  for (let code = 0; code < 0x110000; code++) {
    if (code === 0xd800) code = 0xe000;
    if (code === 0x33480) code = 0xe0000;
    if (code === 0xe0200) return;
    const now = classOf(code);
    if (isLong || code < 0x800) yield code;
    else if (now !== before) yield* [code - 1, code];
    before = now;
  }
}
const codes = [...new Set(codePoints())].filter((code) => !isNewCharacter(characterOf(code)));

/** The code points at which two ways to cut words differ. */
function differences(one: (text: string) => readonly string[], other: (text: string) => readonly string[]): number[] {
  const same = (text: string): boolean => one(text).join("\u0001") === other(text).join("\u0001");
  const wrong: number[] = [];
  for (let i = 0; i < codes.length; i += 64) {
    const some = codes.slice(i, i + 64);
    if (!same(some.map(characterOf).map(around).join("")))
      wrong.push(...some.filter((code) => !same(around(characterOf(code)))));
  }
  return wrong;
}

const spellings = Object.entries(patterns).flatMap(([name, { published, alsoPublished }]) =>
  [published, ...alsoPublished].map((spelling) => ({ name: name as PatternName, spelling })),
);

describe.each(spellings)("$name, published as $spelling", ({ name, spelling }) => {
  const native = nativeWords(spelling);
  const splitter = new WordSplitter(name);

  it("is the same in JavaScript, character by character", () => {
    expect(codes.length).toBeGreaterThan(3000);
    expect(differences(native, (text) => splitter.split(text)).map((code) => code.toString(16))).toEqual([]);
  });

  it("is the same on any text, all of which is in words", () => {
    const check = fc.property(anyText, (text) => {
      expect(splitter.split(text)).toEqual(native(text));
      expect(splitter.split(text).join("")).toBe(text);
    });
    fc.assert(check, { numRuns: isLong ? 5000 : 300 });
  });

  it("has words that nothing which follows can change", () => {
    const unit = fc.constantFrom(
      "'",
      "l",
      "S",
      "v",
      "e",
      " ",
      "\n",
      "\r",
      "\t",
      "1",
      "é",
      "🙃",
      "!",
      "\u0085",
      "\u3000",
    );
    const pairs = fc.tuple(fc.string({ unit, maxLength: 12 }), fc.string({ unit, maxLength: 6 }));
    const check = fc.property(pairs, ([text, more]) => {
      const { words, length } = splitter.splitSettled(text);
      expect(words.join("")).toBe(text.slice(0, length));
      expect(splitter.split(text + more).slice(0, words.length)).toEqual(words);
    });
    fc.assert(check, { numRuns: isLong ? 20_000 : 1000 });
  });
});

describe("patterns taken as they are published", () => {
  it("do not compile, but for one", () => {
    // Engines of 2025 and later know (?i:, none knows ?+ and ++.
    expect(() => new RegExp(patterns.nanochat.published, "u")).toThrow(SyntaxError);
    expect(() => new RegExp(patterns.gpt2.published, "u")).not.toThrow();
  });

  it("which is wrong about white space: U+0085 and U+FEFF", () => {
    const asPublished = new RegExp(patterns.gpt2.published, "gu");
    const wrong = differences(nativeWords("gpt2"), (text) => text.match(asPublished) ?? []);
    expect(wrong).toEqual([0x85, 0xfeff]);
  });

  it("and endings without case folding miss ſ", () => {
    const folded = patterns.cl100k.source.replace("sSſ", "sS");
    expect(folded).not.toBe(patterns.cl100k.source);
    const wrong = differences(nativeWords("cl100k"), (text) => text.match(new RegExp(folded, "gu")) ?? []);
    expect(wrong).toEqual([0x17f]);
  });

  it("\\w and the last space are others' mistakes that the sweep would find, too", () => {
    const lastSpace = patterns.qwen2.source.replace("(?!\\P{White_Space})", "");
    expect(
      differences(nativeWords("qwen2"), (text) => text.match(new RegExp(lastSpace, "gu")) ?? []).length,
    ).toBeGreaterThan(1000);
    const latin = patterns.gpt2.source.replaceAll("\\p{L}", "\\w");
    expect(
      differences(nativeWords("gpt2"), (text) => text.match(new RegExp(latin, "gu")) ?? []).length,
    ).toBeGreaterThan(1000);
  });
});
