/** GPT-2's own vocabulary, in the part that some strings touch, against what tiktoken makes of them. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { spell } from "../../src/models/tokenizer/bytes.ts";
import { type PatternName, readTokenizer, Tokenizer, writeTokenizer } from "../../src/models/tokenizer/index.ts";

interface Fixture {
  readonly ids: Readonly<Record<string, number>>;
  readonly merges: readonly string[];
  readonly strings: readonly { readonly text: string; readonly ids: readonly number[] }[];
}
const fixture: Fixture = JSON.parse(readFileSync(new URL("../fixtures/gpt2-tokens.json", import.meta.url), "utf8"));
const spelled = (hex: string): string => spell(Buffer.from(hex, "hex"));
const make = (pattern: PatternName, merges = fixture.merges): Tokenizer =>
  new Tokenizer({
    vocabulary: new Map(Object.entries(fixture.ids).map(([hex, id]) => [spelled(hex.slice(1)), id])),
    merges: merges.map((pair) => pair.split(" ").map(spelled) as [string, string]),
    pattern,
  });

describe("GPT-2", () => {
  const tokenizer = readTokenizer(writeTokenizer(make("gpt2")));

  it.each(fixture.strings)("encodes as tiktoken does: $text", ({ text, ids }) => {
    expect(tokenizer.encode(text)).toEqual(ids);
    expect(tokenizer.decode(ids)).toBe(text);
  });

  it("another pattern or another order of merges would not", () => {
    const wrong = [make("cl100k"), make("gpt2", fixture.merges.toReversed())];
    for (const other of wrong)
      expect(
        fixture.strings.filter(({ text, ids }) => other.encode(text).join() !== ids.join()).length,
      ).toBeGreaterThan(1);
  });
});
