/** Training byte-level BPE: the rule, its independence of chunks, and the native trainer as an oracle. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { unspell } from "../../src/models/tokenizer/bytes.ts";
import {
  countWords,
  cutDocument,
  type MergeReport,
  mergeCounts,
  type Tokenizer,
  type TrainOptions,
  trainFromCounts,
  trainTokenizer,
} from "../../src/models/tokenizer/index.ts";
import { mulberry32 } from "../../src/platform/random.ts";
import { nativeTraining } from "../helpers/hugging-face.ts";
import { isLong } from "../helpers/long.ts";
import { plainMerges } from "../helpers/plain-bpe.ts";

/** Merges as "a b". */
const mergesOf = (tokenizer: Tokenizer): string[] => tokenizer.spec.merges.map((pair) => pair.join(" "));
const train = (documents: string[], merges: number, more: Partial<TrainOptions> = {}): Tokenizer =>
  trainTokenizer({
    documents,
    vocabularySize: 256 + (more.specialTokens?.length ?? 0) + merges,
    pattern: "gpt2",
    ...more,
  });
/** Merges of the plain trainer in visible spelling. */
const hex = (spelling: string): string => Buffer.from(unspell(spelling)!).toString("hex");

const pages = ["README.md", "ARCHITECTURE.md"].map((page) => readFileSync(page, "utf8"));

/** A text of made-up words of unequal frequency, lines of about twelve words. */
function story(words: number, seed = 7): string {
  const next = mulberry32(seed);
  const syllables = ["ka", "lo", "mi", "nu", "re", "sta", "the", "ing", "é", "🙃", "ß", "qu"];
  const known = Array.from({ length: 400 }, () =>
    Array.from({ length: 1 + Math.floor(next() * 3) }, () => syllables[Math.floor(next() * syllables.length)]).join(""),
  );
  let text = "";
  for (let i = 0; i < words; i++)
    text += known[Math.floor(next() ** 3 * known.length)] + (i % 12 === 11 ? ".\n" : i % 5 === 0 ? ", " : " ");
  return text;
}

describe("the rule", () => {
  it("overlapping places count, and a merge replaces from the left: aaaaa", () => {
    // (a, a) stands in four places, (b, c) in three: with overlaps (a, a) is first, without (b, c).
    const documents = ["aaaaa bc bc bc"];
    expect(mergesOf(train(documents, 1))).toEqual(["a a"]);
    const counts = countWords(documents, { pattern: "gpt2" });
    expect(plainMerges(counts, 1)).toEqual(["61 61"]);
    expect(plainMerges(counts, 1, { overlaps: false })).not.toEqual(["61 61"]);
    const reports: MergeReport[] = [];
    train(["aaaaa"], 1, { onMerge: (report) => reports.push(report) });
    expect(reports).toEqual([{ merges: 1, vocabulary: 257, vocabularySize: 257, token: "aa", count: 4, words: 1 }]);
    expect(train(["aaaaa"], 1).encode("aaaaa")).toHaveLength(3);
  });

  it("of equals the smaller pair of ids, not the greatest bytes: ab cd", () => {
    const counts = countWords(["ab cd"], { pattern: "gpt2" });
    expect(mergesOf(train(["ab cd"], 4))).toEqual(["a b", "c d", "Ġ cd"]);
    expect(nativeTraining("ab cd").merges).toEqual([
      ["a", "b"],
      ["c", "d"],
      ["Ġ", "cd"],
    ]);
    expect(plainMerges(counts, 1)).toEqual(["61 62"]);
    expect(plainMerges(countWords(["ab", "cd"]), 1, { ties: "greatest bytes" })).toEqual(["63 64"]);
    // By first appearance the order of documents would matter.
    expect(plainMerges(countWords(["cd", "ab"]), 1, { ties: "first seen" })).toEqual(["63 64"]);
    expect(mergesOf(train(["cd", "ab"], 1))).toEqual(["a b"]);
  });

  it("ids follow the special tokens and then the visible characters, so a space comes after a z", () => {
    const tokenizer = train(["x"], 0, { specialTokens: ["<|s|>", "<|t|>"] });
    const vocabulary = tokenizer.spec.vocabulary;
    expect([tokenizer.specialId("<|s|>"), tokenizer.specialId("<|t|>"), vocabulary.get("!")]).toEqual([0, 1, 2]);
    expect(vocabulary.get("Ġ")!).toBeGreaterThan(vocabulary.get("ÿ")!);
    // The bytes 0x20 and 0xc3 tie differently when ids follow the bytes.
    const documents = ["Ã ", " a", "Ãa"];
    const counts = countWords(documents, { pattern: "gpt2" });
    const ours = mergesOf(train(documents, 1)).map((pair) => pair.split(" ").map(hex).join(" "));
    expect(ours).toEqual(plainMerges(counts, 1));
    const tie = new Map([
      [" z", 1],
      ["éz", 1],
    ]);
    expect(plainMerges(tie, 1)).toEqual(["a9 7a"]);
    expect(plainMerges(tie, 1, { idsByByte: true })).toEqual(["20 7a"]);
    expect(mergesOf(trainFromCounts(tie, { vocabularySize: 257 }))).toEqual(["© z"]);
  });

  it("texts are not compared as UTF-16: ～ before 😀 by bytes, after it by units", () => {
    expect(["～", "😀"].sort()).toEqual(["😀", "～"]);
    const merges = mergesOf(train(["～ ～ 😀 😀"], 20, { minimumFrequency: 2 }));
    expect(merges).toEqual(
      nativeTraining("～ ～ 😀 😀")
        .merges.map((pair) => pair.join(" "))
        .slice(0, merges.length),
    );
    expect(merges.length).toBeGreaterThan(3);
  });

  it("nothing that occurs less often than the minimum is merged, and it ends when nothing is left", () => {
    const all = train(["abab abab xy"], 1000);
    expect(all.vocabularySize).toBeLessThan(300);
    const often = train(["abab abab xy"], 1000, { minimumFrequency: 2 });
    expect(mergesOf(often)).not.toContain("x y");
    expect(mergesOf(all)).toContain("x y");
    expect(mergesOf(all).slice(0, often.spec.merges.length)).toEqual(mergesOf(often));
    expect(train(["a b c"], 1000).spec.merges.length).toBe(2);
    expect(train([], 1000).vocabularySize).toBe(256);
  });
});

describe("the native trainer as an oracle", () => {
  const same = (text: string): void => {
    const oracle = nativeTraining(text);
    const documents = text.split(/(?<=\n)/);
    const ours = train(documents, oracle.merges.length + 1);
    expect(mergesOf(ours)).toEqual(oracle.merges.map((pair) => pair.join(" ")));
    const spellings = [...ours.spec.vocabulary].sort(([, a], [, b]) => a - b).map(([spelling]) => spelling);
    const seen = new Set(oracle.spellings);
    expect(spellings.filter((spelling) => seen.has(spelling))).toEqual(oracle.spellings);
    expect(new Set(mergesOf(ours).map((pair) => pair.replace(" ", ""))).size).toBe(oracle.merges.length);
    expect(spellings).toHaveLength(256 + oracle.spellings.filter((spelling) => spelling.length > 1).length);
  };

  it("gives the same merges and ids in order, on the project's pages and on a story", () => {
    same(pages.join("\n"));
    same(story(6000));
  });

  it("also on small alphabets, where pairs overlap and tie, and makes no token twice", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 14 });
    const text = fc.array(word, { minLength: 1, maxLength: 25 }).map((words) => words.join(" "));
    fc.assert(fc.property(text, same), { numRuns: isLong ? 1000 : 60 });
  });

  it("which the wrong rules fail", () => {
    const text = story(500);
    const oracle = nativeTraining(text)
      .merges.map((pair) => pair.map(hex).join(" "))
      .slice(0, 40);
    const counts = countWords(text.split(/(?<=\n)/), { pattern: "gpt2" });
    expect(plainMerges(counts, 40)).toEqual(oracle);
    expect(plainMerges(counts, 40, { ties: "greatest bytes" })).not.toEqual(oracle);
    expect(plainMerges(counts, 40, { ties: "first seen" })).not.toEqual(oracle);
    expect(plainMerges(counts, 40, { idsByByte: true })).not.toEqual(oracle);
  });
});

describe("chunks, workers and order", () => {
  const specialTokens = ["<|end of text|>", "<|e|>"];
  const options = { vocabularySize: 600, specialTokens, pattern: "cl100k" } as const;
  const document = Array.from({ length: 30 }, (_, i) => story(60, i)).join("<|end of text|>");
  const whole = trainTokenizer({ documents: [document], ...options });

  it.each([1, 2, 3, 7])("%i chunks give the same tokenizer", (chunks) => {
    const pieces = [...cutDocument(document, Math.ceil(document.length / chunks), specialTokens)];
    expect(pieces.join("")).toBe(document);
    expect(pieces.length).toBeLessThanOrEqual(chunks);
    // Each piece is counted by a worker that sees nothing else, and the counts arrive in any order.
    const counts = pieces.map((piece) => structuredClone(countWords([piece], options))).reverse();
    expect(trainFromCounts(mergeCounts(counts), options).spec).toEqual(whole.spec);
  });

  it("however a text is cut, its words are the same", () => {
    const unit = fc.constantFrom("a", "B", "1", " ", " ", "\n", "'ll", "🙃", "<|e|>", "<|end of text|>", "!", "\u0085");
    const cases = fc.tuple(fc.string({ unit, maxLength: 80 }), fc.integer({ min: 1, max: 20 }));
    for (const pattern of ["gpt2", "cl100k", "qwen2", "nanochat"] as const)
      fc.assert(
        fc.property(cases, ([text, length]) => {
          const parts = [...cutDocument(text, length, specialTokens)].map((piece) =>
            countWords([piece], { pattern, specialTokens }),
          );
          expect(new Map([...mergeCounts(parts)].sort())).toEqual(
            new Map([...countWords([text], { pattern, specialTokens })].sort()),
          );
        }),
        { numRuns: 150 },
      );
  });

  it("cut anywhere, words and special tokens would break", () => {
    const at = document.indexOf("<|end of text|>") + 7;
    const broken = mergeCounts(
      [document.slice(0, at), document.slice(at)].map((piece) => countWords([piece], options)),
    );
    expect(broken).not.toEqual(countWords([document], options));
    expect([...broken.keys()].join()).toContain("<|");
  });

  it("the order of documents does not matter", () => {
    const documents = Array.from({ length: 20 }, (_, i) => story(50, i));
    const ordered = trainTokenizer({ documents, ...options });
    expect(trainTokenizer({ documents: documents.toReversed(), ...options }).spec).toEqual(ordered.spec);
  });

  it("special tokens take no part and straddle nothing", () => {
    const documents = ["xx<|e|>xx<|e|>yy<|e|>"];
    const merges = mergesOf(train(documents, 100, { specialTokens }));
    expect(merges).toEqual(["x x", "y y"]);
    expect(mergesOf(train(documents, 100)).join("")).toContain("|");
    // The longest counts: of "<|e|><|e|>" nothing is left between.
    expect(countWords(["a<|e|><|e|>b"], { specialTokens: ["<|e|>", "<|e|><|e|>"] })).toEqual(
      new Map([
        ["a", 1],
        ["b", 1],
      ]),
    );
  });

  it("visits only words that hold the pair", () => {
    // CS336 asks for 500 tokens in a time bound; here the bound is on work: a merge looks at the words that it changes.
    const counts = countWords([story(20_000)]);
    let visited = 0;
    let merges = 0;
    trainFromCounts(counts, {
      vocabularySize: 556,
      onMerge: (report) => (visited += report.words) && (merges = report.merges),
    });
    expect(merges).toBe(300);
    expect(visited).toBeLessThan(merges * counts.size * 0.05);
  });
});

describe("what cannot be trained is refused", () => {
  const cases: [Partial<TrainOptions>, string | RegExp][] = [
    [
      { vocabularySize: 255 },
      "vocabularySize is 255, expected an integer from 256 (256 bytes and 0 special tokens) to 1048576",
    ],
    [{ vocabularySize: 1e9 }, /^vocabularySize is 1000000000, expected/],
    [{ vocabularySize: 300.5 }, /^vocabularySize is 300.5, expected/],
    [{ minimumFrequency: 0 }, "minimumFrequency is 0, expected an integer of at least 1"],
    [{ minimumFrequency: -1 }, "minimumFrequency is -1, expected an integer of at least 1"],
    [{ specialTokens: [""] }, 'special token 0, "", must be a text of some length'],
    [{ specialTokens: ["<a>", "<a>"] }, 'special token 1, "<a>", is there twice'],
    [{ specialTokens: ["Ġthe"] }, /^special token 0, "Ġthe", is also how the bytes 32, 116, 104, 101 are spelled/],
    [{ specialTokens: ["Ã©"] }, /is also how the bytes 195, 169 are spelled/],
    [{ specialTokens: ["a"] }, /is also how the bytes 97 are spelled/],
    [{ specialTokens: ["\ud83d"] }, /^special token 0, .* has half a character at index 0: the surrogate U\+D83D/],
    [{ pattern: "gpt5" as "gpt2" }, 'pattern is "gpt5", expected one of gpt2, cl100k, qwen2, nanochat'],
  ];
  it.each(cases)("%j", (options, message) => {
    const all = { documents: ["x"], vocabularySize: 300, ...options };
    expect(() => trainTokenizer(all)).toThrow(typeof message === "string" ? new RangeError(message) : message);
  });

  it("counts that have special tokens as words", () => {
    const options = { vocabularySize: 400, specialTokens: ["<|e|>"], pattern: "gpt2" } as const;
    expect(() => trainFromCounts(new Map([["<|e|>", 5]]), options)).toThrow(
      'the words make the special token "<|e|>": count words with the same special tokens',
    );
  });

  it("documents and counts, too", () => {
    expect(() => train(["ok", "x\ud83d"], 1)).toThrow(
      /^document 1 has half a character at index 1: the surrogate U\+D83D/,
    );
    expect(() => train(["ok", null as unknown as string], 1)).toThrow("document 1 is null, expected a string");
    const vocabularySize = 300;
    expect(() => trainFromCounts(new Map([["ab", -1]]), { vocabularySize })).toThrow(
      'the word "ab" has the count -1, expected a positive integer',
    );
    expect(() => [...cutDocument("abc", 0)]).toThrow("a piece of 0 characters cannot be cut");
  });
});
