/** Encoding and decoding, whole and in streams, against both forms of the Hugging Face library. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { byteCharacters, bytesByCharacter, spell, unspell } from "../../src/models/tokenizer/bytes.ts";
import { type AddedToken, type PatternName, Tokenizer, writeTokenizer } from "../../src/models/tokenizer/index.ts";
import { mergeByHeap, mergeByScanning } from "../../src/models/tokenizer/merge-word.ts";
import { tokenFinder } from "../../src/models/tokenizer/special.ts";
import { Vocabulary } from "../../src/models/tokenizer/vocabulary.ts";
import { WordCache } from "../../src/models/tokenizer/word-cache.ts";
import { oracles } from "../helpers/hugging-face.ts";
import { isLong } from "../helpers/long.ts";
import { anyText, texts, trained } from "../helpers/tokenizers.ts";

const names: readonly PatternName[] = ["gpt2", "cl100k", "qwen2", "nanochat"];
const tokenizers = new Map(names.map((name) => [name, trained(name)]));
const plain = tokenizers.get("cl100k")!;
const numRuns = isLong ? 3000 : 150;

/** White space of which JavaScript's `\s` thinks otherwise; the library in JavaScript has it in its own pattern of GPT-2. */
const oddSpace = /[\u0085\ufeff]/;
/** The same tokenizer with other parts. */
const withParts = (parts: Partial<Tokenizer["spec"]>, cachedWords?: number): Tokenizer =>
  new Tokenizer({ ...plain.spec, ...parts }, { cachedWords });
const added = (id: number, content: string, more: Partial<AddedToken> = {}): AddedToken => ({
  ...{ id, content, special: true, lstrip: false, rstrip: false, normalized: false },
  ...more,
});
/** Encodes in pieces of a few units, and tells how many ids came before the end. */
function streamed(tokenizer: Tokenizer, text: string, lengths: readonly number[], options = {}): number[] {
  const stream = tokenizer.encodeStream(options);
  const ids: number[] = [];
  for (let at = 0, i = 0; at < text.length; i++) {
    const to = at + lengths[i % lengths.length];
    ids.push(...stream.push(text.slice(at, to)));
    at = to;
  }
  return [...ids, ...stream.end()];
}

describe.each(names)("%s: the library as an oracle", (name) => {
  const ours = tokenizers.get(name)!;
  const file = writeTokenizer(ours);
  const both = oracles(file);
  const withoutSpecials = oracles(writeTokenizer(new Tokenizer({ ...ours.spec, addedTokens: [] })));

  const agrees = async (text: string): Promise<void> => {
    const ids = ours.encode(text, { allowedSpecial: "all" });
    expect(await both.encode(text)).toEqual(ids);
    if (name !== "gpt2" || !oddSpace.test(text)) expect(both.encodeInJavaScript(text)).toEqual(ids);
    const ordinary = ours.encode(text);
    expect(await withoutSpecials.encode(text)).toEqual(ordinary);
    expect(ours.decode(ids)).toBe(text);
    expect(ours.decode(ordinary)).toBe(text);
    expect(await both.decode(ids)).toBe(text);
    expect(ours.decode(ids, { skipSpecialTokens: true })).toBe(await both.decode(ids, true));
    if (ids.length > 0) expect(both.decodeInJavaScript(ids)).toBe(text);
  };

  it.each(texts)("agrees on %j", agrees);
  it("agrees on every text", async () => {
    await fc.assert(fc.asyncProperty(anyText, agrees), { numRuns });
  });
  it("agrees on bytes that are no text", async () => {
    const ids = fc.array(fc.integer({ min: 0, max: ours.vocabularySize - 1 }), { maxLength: 20 });
    const decodes = fc.asyncProperty(ids, async (list) => {
      expect(ours.decode(list)).toBe(await both.decode(list));
    });
    await fc.assert(decodes, { numRuns });
  });
});

it("GPT-2's pattern with the white space of JavaScript differs from the native library's", async () => {
  const ours = tokenizers.get("gpt2")!;
  const both = oracles(writeTokenizer(ours));
  const text = "x\u0085's";
  expect(await both.encode(text)).toEqual(ours.encode(text));
  expect(both.encodeInJavaScript(text)).not.toEqual(ours.encode(text));
});

describe("merging a word", () => {
  it("by heap and by scanning is the same", () => {
    const tables = new Vocabulary(plain.spec);
    const word = fc.array(fc.constantFrom(..."aeinorst dl"), { maxLength: 120 });
    fc.assert(
      fc.property(word, (letters) => {
        const ids = letters.map((letter) => tables.byteIds[letter.charCodeAt(0)]);
        expect(mergeByHeap([...ids], tables)).toEqual(mergeByScanning([...ids], tables));
      }),
      { numRuns },
    );
    const same = new Array(1001).fill(tables.byteIds[0x61]);
    expect(mergeByHeap([...same], tables)).toEqual(mergeByScanning([...same], tables));
  });

  it("takes the lowest rank, the leftmost of equals", () => {
    const vocabulary = new Map(bytesByCharacter.map((byte, id) => [byteCharacters[byte], id]));
    for (const token of ["aa", "ab", "aab"]) vocabulary.set(token, vocabulary.size);
    const merges = [
      ["a", "a"],
      ["a", "b"],
      ["a", "ab"],
    ] as const;
    const tokenizer = new Tokenizer({ vocabulary, merges, pattern: "gpt2" });
    const spellings = (text: string): string[] => tokenizer.encode(text).map((id) => tokenizer.decode([id]));
    expect(spellings("aaab")).toEqual(["aa", "ab"]);
    expect(spellings("aab")).toEqual(["aa", "b"]);
    expect(spellings("aaaaa")).toEqual(["aa", "aa", "a"]);
    // A word that is a token is that token where merges are ignored (Llama 3).
    const ignoring = new Tokenizer({ vocabulary, merges, pattern: "gpt2", ignoreMerges: true });
    expect(ignoring.encode("aab")).toEqual([vocabulary.get("aab")]);
    expect(oracles(writeTokenizer(ignoring)).encodeInJavaScript("aab")).toEqual([vocabulary.get("aab")]);
  });

  it("the cache keeps to its bound, and changes nothing", () => {
    const cache = new WordCache(10);
    for (let i = 0; i < 1000; i++) {
      cache.set(`word ${i}`, [i]);
      expect(cache.get(`word ${i}`)).toEqual([i]);
      expect(cache.size).toBeLessThanOrEqual(10);
      cache.set("often", [1]);
    }
    expect(cache.get("often")).toEqual([1]);
    expect(cache.get("word 3")).toBeUndefined();
    cache.set("x".repeat(65), [1]);
    expect(cache.get("x".repeat(65))).toBeUndefined();
    for (const cachedWords of [0, 1, 2, 7]) {
      const small = withParts({}, cachedWords);
      for (const text of [...texts, ...texts]) expect(small.encode(text)).toEqual(plain.encode(text));
    }
  });

  it("every byte has one visible character, and back", () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    expect(new Set(byteCharacters).size).toBe(256);
    expect(unspell(spell(bytes))).toEqual(bytes);
    expect(spell(new TextEncoder().encode(" a\n"))).toBe("ĠaĊ");
    expect(unspell("▁a")).toBeUndefined();
  });
});

describe("special tokens", () => {
  const base = plain.vocabularySize;
  const two = withParts({
    addedTokens: [...plain.spec.addedTokens!, added(base, "<|e|>"), added(base + 1, "<|e|><|e|>")],
  });

  it("the longest wins", async () => {
    const all = { allowedSpecial: "all" } as const;
    expect(two.encode("<|e|><|e|>", all)).toEqual([base + 1]);
    expect(two.encode("<|e|><|e|><|e|>", all)).toEqual([base + 1, base]);
    expect(two.encode("<|e|> <|e|>", all)).toEqual([base, ...two.encode(" "), base]);
    const both = oracles(writeTokenizer(two));
    for (const text of ["<|e|><|e|>", "a<|e|><|e|><|e|>b", "<|e|> <|e|>", "<|e|><|e|"]) {
      expect(await both.encode(text)).toEqual(two.encode(text, all));
      for (let length = 1; length < 6; length++)
        expect(streamed(two, text, [length], all)).toEqual(two.encode(text, all));
    }
  });

  it("are ordinary bytes in a text that is not allowed to have them", () => {
    const ids = two.encode("<|e|>");
    expect(ids.every((id) => id < base)).toBe(true);
    expect(two.decode(ids)).toBe("<|e|>");
    expect(two.encode("<|e|><|eos|>", { allowedSpecial: ["<|eos|>"] })).toEqual([...ids, two.specialId("<|eos|>")]);
    expect(two.encode("<|e|>", { allowedSpecial: "all" })).toEqual([base]);
    const none = texts.flatMap((text) => two.encode(text));
    for (const id of two.specialTokens.values()) expect(none).not.toContain(id);
    expect(() => two.encode("x", { allowedSpecial: ["<|x|>"] })).toThrow(
      '"<|x|>" is not a special token of this tokenizer, which has <|bos|>, <|eos|>, <|user|>, <|assistant|>, <|pad|>',
    );
  });

  it("are not made of a word that is in the vocabulary, either", () => {
    const vocabulary = new Map([...plain.spec.vocabulary, ["stop", base]]);
    const ignoring = { vocabulary, ignoreMerges: true, addedTokens: [...plain.spec.addedTokens!, added(base, "stop")] };
    expect(withParts(ignoring).encode("stop")).toEqual(plain.encode("stop"));
    expect(withParts(ignoring).encode("stop", { allowedSpecial: "all" })).toEqual([base]);
  });

  it("white space that a token takes along is no condition, and other added tokens are always found", async () => {
    const strips = withParts({
      addedTokens: [
        ...plain.spec.addedTokens!,
        added(base, "<l>", { lstrip: true, special: false }),
        added(base + 1, "<r>", { rstrip: true, special: false }),
        added(base + 2, "<n>", { special: false, normalized: true }),
      ],
    });
    const both = oracles(writeTokenizer(strips));
    expect(strips.encode("<r>")).toEqual([base + 1]);
    expect(strips.encode("<r>x")).toEqual([base + 1, ...strips.encode("x")]);
    expect(strips.encode("x \n<l><r> \u3000x")).toEqual([...strips.encode("x"), base, base + 1, ...strips.encode("x")]);
    const unit = fc.constantFrom("<l>", "<r>", "<n>", "<", " ", "  ", "\n", "x", "12", "\u0085", "<|eos|>");
    const allowedSpecial = "all";
    const check = fc.asyncProperty(
      fc.string({ unit, maxLength: 20 }),
      fc.integer({ min: 1, max: 4 }),
      async (text, n) => {
        const ids = strips.encode(text, { allowedSpecial });
        expect(await both.encode(text)).toEqual(ids);
        expect(streamed(strips, text, [n], { allowedSpecial })).toEqual(ids);
      },
    );
    await fc.assert(check, { numRuns });
  });
});

describe("streams of text", () => {
  it("part no character where a token's beginning is held back", () => {
    for (const token of ["<|e|>", "<|ee|>"]) {
      const text = "abc𝔄𝔄𝔄";
      const { parts, length } = tokenFinder([token]).splitSettled(text);
      expect(parts.map((part) => part.text).join("")).toBe(text.slice(0, length));
      expect(text.slice(0, length)).not.toMatch(/[\ud800-\udfff]/u);
      expect(length).toBeGreaterThan(2);
    }
  });

  it.each(names)("%s: any pieces give the ids of the whole", (name) => {
    const tokenizer = tokenizers.get(name)!;
    const lengths = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });
    const unit = fc.constantFrom(
      "'",
      "l",
      "L",
      "s",
      " ",
      "\n",
      "\r",
      "\t",
      "1",
      "a",
      "é",
      "🙃",
      "𝔄",
      "!",
      "\u0085",
      "<|eos|>",
    );
    const text = fc.oneof(anyText, fc.string({ unit, maxLength: 30 }));
    const same = fc.property(text, lengths, fc.boolean(), (all, pieces, allowed) => {
      const options = { allowedSpecial: allowed ? ("all" as const) : [] };
      expect(streamed(tokenizer, all, pieces, options)).toEqual(tokenizer.encode(all, options));
    });
    fc.assert(same, { numRuns: 2 * numRuns });
    for (const each of texts) expect(streamed(tokenizer, each, [1])).toEqual(tokenizer.encode(each));
  });

  it("encoding the pieces one by one would differ", () => {
    const text = "Hello worlds\n\n  12345 we'll";
    const apart = Array.from(text, (unit) => plain.encode(unit)).flat();
    expect(apart).not.toEqual(plain.encode(text));
    expect(streamed(plain, text, [1])).toEqual(plain.encode(text));
  });

  it("NFC composes across pieces", async () => {
    const nfc = withParts({ normalizer: "NFC" });
    const both = oracles(writeTokenizer(nfc));
    const unit = fc.constantFrom(
      "e",
      "\u0301",
      "\u0323",
      "é",
      "\u1100",
      "\u1161",
      "\u11a8",
      " ",
      "日",
      "<|eos|>",
      "\u212b",
    );
    const allowedSpecial = "all";
    const check = fc.asyncProperty(
      fc.string({ unit, maxLength: 16 }),
      fc.integer({ min: 1, max: 3 }),
      async (text, n) => {
        const ids = nfc.encode(text, { allowedSpecial });
        expect(await both.encode(text)).toEqual(ids);
        expect(nfc.decode(ids)).toBe(text.normalize("NFC"));
        expect(streamed(nfc, text, [n], { allowedSpecial })).toEqual(ids);
      },
    );
    await fc.assert(check, { numRuns });
    expect(nfc.encode("e\u0301")).toEqual(plain.encode("é"));
    expect(nfc.encode("e\u0301")).not.toEqual(plain.encode("e\u0301"));
  });

  it("5 MB pass while little is held: ids keep up with the text", () => {
    // CS336 allows 1 MB of memory besides; what the stream holds back is what it has not given ids for.
    const piece = texts.join("\n").repeat(60);
    const stream = plain.encodeStream({ allowedSpecial: "all" });
    let given = 0;
    let taken = 0;
    let most = 0;
    let hash = 0;
    const take = (ids: readonly number[]): void => {
      for (const id of ids) {
        given += plain.tokenBytes(id).length;
        hash = (Math.imul(hash, 31) + id) | 0;
      }
    };
    const pieceBytes = Buffer.byteLength(piece);
    const times = Math.ceil(5e6 / pieceBytes);
    for (let i = 0; i < times; i++) {
      take(stream.push(piece));
      taken += pieceBytes;
      most = Math.max(most, taken - given);
    }
    take(stream.end());
    expect(given).toBe(taken);
    expect(taken).toBeGreaterThan(5e6);
    expect(most).toBeLessThan(300);
    let whole = 0;
    for (const id of plain.encode(piece.repeat(times), { allowedSpecial: "all" }))
      whole = (Math.imul(whole, 31) + id) | 0;
    expect(hash).toBe(whole);
  });

  it("a long word in small pieces is not searched at each", () => {
    const stream = plain.encodeStream();
    const ids: number[] = [];
    for (let i = 0; i < 100_000; i++) ids.push(...stream.push("ab"));
    expect(ids).toEqual([]);
    for (const id of stream.end()) ids.push(id);
    expect(plain.decode(ids)).toBe("ab".repeat(100_000));
  });
});

describe("streams of ids", () => {
  const ofByte = (byte: number): number => plain.spec.vocabulary.get(byteCharacters[byte])!;
  const pushAll = (bytes: readonly number[]): string[] => {
    const stream = plain.decodeStream();
    return [...bytes.map((byte) => stream.push(ofByte(byte))), stream.end()];
  };

  it("hold back half a character", () => {
    expect(pushAll([0xf0, 0x9f, 0x99, 0x83])).toEqual(["", "", "", "🙃", ""]);
    // The wrong way decodes each token by itself.
    expect([0xf0, 0x9f, 0x99, 0x83].map((byte) => plain.decode([ofByte(byte)]))).toEqual(Array(4).fill("\ufffd"));
  });

  it("give U+FFFD once for a byte that fits nowhere, and go on", () => {
    expect(pushAll([0x61, 0xff, 0x62])).toEqual(["a", "\ufffd", "b", ""]);
    expect(pushAll([0xf0, 0x9f, 0x62])).toEqual(["", "", "\ufffdb", ""]);
    expect(pushAll([0xf0, 0x9f])).toEqual(["", "", "\ufffd"]);
    expect(pushAll([0xef, 0xbb, 0xbf, 0x61])).toEqual(["", "", "\ufeff", "a", ""]); // a byte order mark is a character
  });

  it("joined are what decode gives for all", () => {
    const ids = fc.array(fc.integer({ min: 0, max: plain.vocabularySize - 1 }), { maxLength: 30 });
    for (const skipSpecialTokens of [false, true]) {
      const same = fc.property(ids, (list) => {
        const stream = plain.decodeStream({ skipSpecialTokens });
        const parts = list.map((id) => stream.push(id));
        expect([...parts, stream.end()].join("")).toBe(plain.decode(list, { skipSpecialTokens }));
      });
      fc.assert(same, { numRuns });
    }
  });

  it("can be used anew after their end", () => {
    const stream = plain.decodeStream();
    stream.push(ofByte(0xf0));
    expect(stream.end()).toBe("\ufffd");
    expect(stream.push(ofByte(0x61)) + stream.end()).toBe("a");
    const text = plain.encodeStream();
    expect([...text.push("ab"), ...text.end()]).toEqual(plain.encode("ab"));
    expect([...text.push("ab"), ...text.end()]).toEqual(plain.encode("ab"));
  });
});

describe("what cannot be encoded or decoded is refused", () => {
  it("half a character", () => {
    const message =
      "the text has half a character at index 1: the surrogate U+D83D stands alone, and UTF-8 has no bytes for it. " +
      "Remove it, or call toWellFormed() to put U+FFFD in its place.";
    expect(() => plain.encode("a\ud83d")).toThrow(new RangeError(message));
    expect(() => plain.encode("\ude43\ud83d")).toThrow(/at index 0: the surrogate U\+DE43/);
    // Encoders that do not refuse give other text back.
    expect(new TextDecoder().decode(new TextEncoder().encode("a\ud83d"))).toBe("a\ufffd");
    const stream = plain.encodeStream();
    expect(stream.push("\ud83d")).toEqual([]);
    expect([...stream.push("\ude43"), ...stream.end()]).toEqual(plain.encode("🙃"));
    stream.push("a\ud83d");
    expect(() => stream.end()).toThrow(/^the end of the text has half a character/);
    expect(() => plain.encodeStream().push("\ude43")).toThrow(
      /^the piece from character 0 has half a character at index 0/,
    );
  });

  it("an id that no token has", () => {
    const size = plain.vocabularySize;
    expect(() => plain.decode([5, size])).toThrow(
      `no token has the id ${size} at place 1; ids of this tokenizer are below`,
    );
    for (const id of [-1, 1.5, Number.NaN])
      expect(() => plain.decode([id])).toThrow(`no token has the id ${id} at place 0`);
    expect(() => plain.decodeStream().push(size)).toThrow(`no token has the id ${size} at place 0`);
  });
});
