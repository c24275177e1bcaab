// What 8.3 is tried on: mistakes of real servers first, then text that is cut anywhere; and what is right for it.
import { draws } from "worldsize/exercise";
import { OutputText } from "worldsize/serve";

export interface Case {
  readonly what: string;
  readonly stops: readonly string[];
  readonly tokens: readonly (readonly number[])[];
}

const utf8 = new TextEncoder();
const of = (...texts: readonly string[]): number[][] => texts.map((text) => [...utf8.encode(text)]);

const fixed: readonly Case[] = [
  { what: "plain words", stops: [], tokens: of("Once", " upon", " a time") },
  { what: "characters that are split over tokens", stops: [], tokens: [[0xc4], [0x8f, 0xc3, 0xa1], [0x62]] },
  {
    what: "Chinese, split over tokens",
    stops: [],
    tokens: [
      [0xe5, 0xae],
      [0xa2, 0xe5, 0x8d, 0x95],
      [0xe4, 0xbb, 0xb7],
    ],
  },
  { what: "an answer that is cut inside a character", stops: [], tokens: [[0x61], [0xe5, 0xae]] },
  { what: "a byte order mark at the beginning", stops: [], tokens: [[0xef, 0xbb, 0xbf, 0x41], [0x42]] },
  { what: "a stop string over five tokens", stops: ["DEFGHIJ"], tokens: of("DEF", "G", "HI", "J", "K") },
  { what: "a stop string inside one token", stops: ["Pari"], tokens: of(" Paris", " is") },
  { what: "a beginning of a stop string that is none", stops: ["stop"], tokens: of("on", "e s", "to", "ne") },
  { what: "an answer that ends with such a beginning", stops: ["stop"], tokens: of("no ", "st") },
  { what: "a beginning inside a beginning", stops: ["aab"], tokens: of("a", "a", "a", "b", "c") },
  { what: "two stop strings in one token", stops: ["lo", "ell"], tokens: of("hello") },
  { what: "two that overlap, one way round", stops: ["re", "he"], tokens: of("there") },
  { what: "two that are complete at once", stops: ["b", "ab"], tokens: of("ab", "c") },
  { what: "a stop string behind others' text", stops: ["\n"], tokens: of("Answer\n\n", "more") },
  {
    what: "a stop string of a split character",
    stops: ["单"],
    tokens: [...of("客"), [0xe5], [0x8d, 0x95], ...of("价")],
  },
  { what: "two that may have begun, the longer first", stops: ["stop", "or"], tokens: of("a sto", "p it") },
  { what: "two that may have begun, the shorter first", stops: ["or", "stop"], tokens: of("a sto", "p it") },
];

/** All cases of a check. */
export function casesOf(seed: number): Case[] {
  const random = draws(seed, 83);
  const below = (most: number): number => Math.floor(most * random());
  const letters = ["a", "b", "ab", "é", "客", "😀"];
  const word = (length: number): string => Array.from({ length }, () => letters[below(letters.length)]).join("");
  const drawn = Array.from({ length: 40 }, (_, i) => {
    const bytes = [...utf8.encode(word(1 + below(12)))];
    const tokens: number[][] = [];
    while (bytes.length > 0) tokens.push(bytes.splice(0, 1 + below(4)));
    return { what: `drawn ${i}`, stops: Array.from({ length: below(3) }, () => word(1 + below(3))), tokens };
  });
  return [...fixed, ...drawn];
}

/** A piece for each token, and one for the end unless a stop string came. */
export interface Given {
  readonly pieces: readonly string[];
  readonly stopped: boolean;
}

/** Plainly: at each token, all that has come so far is decoded anew, and what is certain of it is given. */
export function givenOf({ stops, tokens }: Case): Given {
  const pieces: string[] = [];
  let given = 0;
  for (let count = 1; count <= tokens.length + 1; count++) {
    const isEnd = count > tokens.length;
    const bytes = Uint8Array.from(tokens.slice(0, count).flat());
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes, { stream: !isEnd });
    const found = stops.map((stop) => ({ stop, end: text.indexOf(stop) + stop.length })).filter(({ stop }) => text.includes(stop)); // biome-ignore format: one list
    const first = found.find(({ end }) => found.every((other) => end <= other.end));
    const held = isEnd ? 0 : Math.max(0, ...stops.map((stop) => begunOf(text, stop)));
    const certain = first ? first.end - first.stop.length : text.length - held;
    pieces.push(text.slice(given, certain));
    given = certain;
    if (first) break;
  }
  const stopped = pieces.length <= tokens.length || libraryOf({ stops, tokens }).stopped;
  if (pieces.join("") !== libraryOf({ stops, tokens }).text) throw new Error("The library gives another text.");
  return { pieces, stopped };
}

/** Characters at the end of a text with which a stop string begins. */
function begunOf(text: string, stop: string): number {
  for (let length = Math.min(stop.length - 1, text.length); length > 0; length--)
    if (text.endsWith(stop.slice(0, length))) return length;
  return 0;
}

/** The same text, by the server's own part. It looks at bytes, and so is sometimes certain one token earlier. */
function libraryOf({ stops, tokens }: Pick<Case, "stops" | "tokens">): { text: string; stopped: boolean } {
  const output = new OutputText({ bytesOf: (token) => Uint8Array.from(tokens[token]), stops });
  let text = "";
  for (const token of tokens.keys()) {
    text += output.push(token);
    if (output.stopped !== undefined) return { text, stopped: true };
  }
  return { text: text + output.end(), stopped: false };
}

/** The case in words: its tokens as text where they are, as bytes where they are not. */
export function wordsOf({ what, stops, tokens }: Case): string {
  const words = tokens.map((bytes) => {
    const text = new TextDecoder().decode(Uint8Array.from(bytes));
    return text.includes("\uFFFD") ? `<${bytes.map((byte) => byte.toString(16)).join(" ")}>` : JSON.stringify(text);
  });
  return `${what} (${words.join(" ")}${stops.length > 0 ? `, stops ${JSON.stringify(stops)}` : ""})`;
}
