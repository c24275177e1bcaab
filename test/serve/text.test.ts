/** Tokens as text: characters that are whole, and nothing that a stop string takes. */
import { expect, it } from "vitest";
import { mulberry32 } from "../../src/platform/random.ts";
import { ChoiceText, type OutputPart } from "../../src/serve/loop/choice-text.ts";
import { OutputText } from "../../src/serve/text/output-text.ts";

const utf8 = new TextEncoder();

/** Pieces that were given for tokens, the last one at the end. */
function pieces(tokens: readonly (string | readonly number[])[], stops: readonly string[] = [], includeStop = false) {
  const bytes = tokens.map((token) => (typeof token === "string" ? utf8.encode(token) : Uint8Array.from(token)));
  const text = new OutputText({ bytesOf: (token) => bytes[token], stops, includeStop });
  const given: string[] = [];
  for (const token of bytes.keys()) {
    given.push(text.push(token));
    if (text.stopped !== undefined) break;
  }
  return { given: [...given, text.end()], stopped: text.stopped };
}

it("a character split over tokens comes whole", () => {
  expect(pieces([[0xc4], [0x8f, 0xc3, 0xa1], [0x62]]).given).toEqual(["", "ďá", "b", ""]);
  const chinese = [
    [0xe5, 0xae],
    [0xa2, 0xe5, 0x8d, 0x95],
    [0xe4, 0xbb, 0xb7],
  ];
  expect(pieces(chinese).given).toEqual(["", "客单", "价", ""]);
});

it("a character that is cut off is one U+FFFD, at the end", () => {
  expect(pieces(["a", [0xe5, 0xae]]).given).toEqual(["a", "", "\uFFFD"]);
});

it("a byte order mark is a character like others", () => {
  expect(pieces([[0xef, 0xbb, 0xbf, 0x41]]).given.join("")).toBe("\uFEFFA");
});

it.each([
  [["DEF", "G", "HI", "J", "K"], ["DEFGHIJ"], ""],
  [[" Paris"], ["Pari"], " "],
  [["hello"], ["lo", "ell"], "h"],
  [["there"], ["re", "he"], "t"],
  [["there"], ["he", "re"], "t"],
  [["Answer\n\n"], ["\n"], "Answer"],
  [["ab"], ["b", "ab"], "a"],
  [["aab"], ["ab"], "a"], // a beginning that turned out to be none
  [["客", [0xe5], [0x8d, 0x95], "价"], ["单"], "客"],
])("%j with the stops %j is %j", (tokens, stops, text) => {
  const { given, stopped } = pieces(tokens, stops);
  expect(given.join("")).toBe(text);
  expect(stops).toContain(stopped);
});

it("what could become a stop string is held back, and given when it does not", () => {
  expect(pieces(["on", "e s", "to", "ne"], ["stop"]).given).toEqual(["on", "e ", "", "stone", ""]);
  expect(pieces(["no st"], ["stop"]).given).toEqual(["no ", "st"]);
});

it("the stop string is given where that is asked for", () => {
  expect(pieces(["say st", "op now"], ["stop"], true).given.join("")).toBe("say stop");
});

it("an empty stop string is refused", () => {
  expect(() => pieces(["a"], [""])).toThrow("A stop string is empty");
});

it("however text is cut into tokens, the pieces are the text up to the first stop", () => {
  const random = mulberry32(3);
  const below = (n: number): number => Math.floor(random() * n);
  for (let round = 0; round < 2000; round++) {
    const alphabet = ["a", "b", "ab", "é", "客", "😀"];
    const word = (length: number): string => Array.from({ length }, () => alphabet[below(alphabet.length)]).join("");
    const whole = word(1 + below(12));
    const stops = Array.from({ length: below(3) }, () => word(1 + below(3)));
    const bytes = utf8.encode(whole);
    const tokens: number[][] = [];
    for (let at = 0; at < bytes.length; ) {
      const count = 1 + below(4);
      tokens.push([...bytes.slice(at, at + count)]);
      at += count;
    }
    // Plainly: the match that ends first, and of those the one that is first in the list.
    let wanted = whole;
    let first = Infinity;
    for (const stop of stops) {
      const at = whole.indexOf(stop);
      const end = at + stop.length;
      if (at >= 0 && end < first) [first, wanted] = [end, whole.slice(0, at)];
    }
    const { given } = pieces(tokens, stops);
    expect(given.join(""), `${whole} stops ${stops}`).toBe(wanted);
    // And the bytes of the tokens that are told are those of the text, whatever a stop string takes.
    const choice = new ChoiceText({ bytesOf: (token) => Uint8Array.from(tokens[token]), stops });
    const told: number[] = [];
    const texts: string[] = [];
    for (let token = 0; token < tokens.length && choice.stopped === undefined; token++)
      take(choice.push({ token }), told, texts);
    take(choice.end(), told, texts);
    expect(texts.join("")).toBe(wanted);
    expect(told).toEqual([...utf8.encode(wanted)]);
  }
});

function take({ text, tokens }: OutputPart, told: number[], texts: string[]): void {
  texts.push(text);
  for (const { bytes } of tokens) told.push(...bytes);
}
