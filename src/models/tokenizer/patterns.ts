/**
 * The patterns that cut a text into words before byte pairs are merged, rewritten for JavaScript.
 *
 * The published patterns are written for Rust's or Oniguruma's regular expressions. Taken as they are, two do not compile
 * (`(?i:` and the possessive `?+` are errors in Node 20) and one compiles to something else: in JavaScript `\s` has U+FEFF
 * and lacks U+0085. So `\s` is `\p{White_Space}` here, and the ignored case of the English endings is written out: it lets
 * "ſ" (U+017F) pass for an s, as case folding does. A possessive repetition never gives back what a later part of these
 * patterns could use, so a plain one matches the same. `\s*[\r\n]` and `\s*[\r\n]+` match the same, since `\s*` is greedy.
 *
 * What a letter is depends on the Unicode version of the engine: a character that was assigned after it is a sign there.
 *
 * Every pattern matches at every position of every text, looks at nothing before it, and sees at most the character after a
 * word, or the end of a run of white space, or the third character from a word's first (`'ll`). `words.ts` relies on it.
 */

/** A pattern that this library knows. `cl100k` is GPT-4's and also Llama 3's; `qwen2` is Qwen2's and Qwen3's. */
export type PatternName = "gpt2" | "cl100k" | "qwen2" | "nanochat";

/** A pattern in the form of each language. */
export interface Pattern {
  /** As the Hugging Face library spells it in tokenizer.json. */
  readonly published: string;
  /** Other spellings in files, which match the same. */
  readonly alsoPublished: readonly string[];
  /** For JavaScript, with the flag u. */
  readonly source: string;
}

const published = (digits: string): string =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

const rewritten = (digits: string): string =>
  [
    "'(?:[sSſtTmMdD]|[lL]{2}|[vV][eE]|[rR][eE])",
    "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+",
    `\\p{N}${digits}`,
    " ?[^\\p{White_Space}\\p{L}\\p{N}]+[\\r\\n]*",
    "\\p{White_Space}*[\\r\\n]+",
    "\\p{White_Space}+(?!\\P{White_Space})",
    "\\p{White_Space}+",
  ].join("|");

/** The patterns by name. */
export const patterns: Readonly<Record<PatternName, Pattern>> = {
  gpt2: {
    published: "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
    alsoPublished: ["'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"],
    source: [
      "'(?:[sdmt]|ll|ve|re)",
      " ?\\p{L}+",
      " ?\\p{N}+",
      " ?[^\\p{White_Space}\\p{L}\\p{N}]+",
      "\\p{White_Space}+(?!\\P{White_Space})",
      "\\p{White_Space}+",
    ].join("|"),
  },
  cl100k: { published: published("{1,3}"), alsoPublished: [], source: rewritten("{1,3}") },
  qwen2: { published: published(""), alsoPublished: [], source: rewritten("") },
  nanochat: {
    published:
      "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}{1,2}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+",
    alsoPublished: [published("{1,2}")],
    source: rewritten("{1,2}"),
  },
};

/** Whether this is the name of a pattern. */
export function isPatternName(name: unknown): name is PatternName {
  return typeof name === "string" && Object.hasOwn(patterns, name);
}

/** The pattern that a file spells so, or undefined. */
export function patternOf(spelling: string): PatternName | undefined {
  for (const [name, pattern] of Object.entries(patterns))
    if (pattern.published === spelling || pattern.alsoPublished.includes(spelling)) return name as PatternName;
  return undefined;
}
