/** The Hugging Face library's two forms, as oracles: the native one in Rust, and the one in JavaScript. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Tokenizer as InJavaScript } from "@huggingface/tokenizers";
import * as native from "tokenizers";
import { type PatternName, patterns } from "../../src/models/tokenizer/index.ts";

/** A tokenizer.json with this pattern and model, as text. */
function fileOf(pattern: PatternName | string): string {
  const Regex = Object.hasOwn(patterns, pattern) ? patterns[pattern as PatternName].published : pattern;
  return JSON.stringify({
    ...{ version: "1.0", truncation: null, padding: null, added_tokens: [], normalizer: null, post_processor: null },
    pre_tokenizer: { type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false },
    decoder: null,
    model: { type: "BPE", vocab: {}, merges: [] },
  });
}

/** Cuts texts into words by a published pattern, given by its name or as it is spelled. */
export function nativeWords(pattern: PatternName | string): (text: string) => string[] {
  const pre = native.Tokenizer.fromString(fileOf(pattern)).getPreTokenizer()!;
  return (text) => pre.preTokenizeString(text).map(([word]) => word);
}

/** Merges and spellings by id that the native trainer makes of a text, whose lines it takes one by one. */
export function nativeTraining(text: string): { merges: [string, string][]; spellings: string[] } {
  const folder = mkdtempSync(join(tmpdir(), "tokenizer-"));
  const tokenizer = new native.Tokenizer(native.BPE.empty());
  tokenizer.setPreTokenizer(native.byteLevelPreTokenizer(false, true));
  writeFileSync(join(folder, "text.txt"), text);
  // The library prints empty lines for its progress, past what a test could hold back.
  tokenizer.train([join(folder, "text.txt")]);
  tokenizer.save(join(folder, "tokenizer.json"), false);
  const { model } = JSON.parse(readFileSync(join(folder, "tokenizer.json"), "utf8"));
  rmSync(folder, { recursive: true });
  const spellings = Object.entries(model.vocab as Record<string, number>).sort(([, a], [, b]) => a - b);
  return { merges: model.merges, spellings: spellings.map(([spelling]) => spelling) };
}

/** The file as the native library writes it again. */
export function nativeRewrite(file: string): string {
  const folder = mkdtempSync(join(tmpdir(), "tokenizer-"));
  native.Tokenizer.fromString(file).save(join(folder, "tokenizer.json"), false);
  const text = readFileSync(join(folder, "tokenizer.json"), "utf8");
  rmSync(folder, { recursive: true });
  return text;
}

/** What both say of a file; special tokens in a text count, as always there. */
export function oracles(file: string): {
  readonly encode: (text: string) => Promise<number[]>;
  readonly decode: (ids: number[], skipSpecialTokens?: boolean) => Promise<string>;
  readonly encodeInJavaScript: (text: string) => number[];
  readonly decodeInJavaScript: (ids: number[]) => string;
} {
  const rust = native.Tokenizer.fromString(file);
  const script = new InJavaScript(JSON.parse(file), { clean_up_tokenization_spaces: false });
  return {
    encode: async (text) => (await rust.encode(text, null, { addSpecialTokens: false })).getIds(),
    decode: (ids, skips = false) => rust.decode(ids, skips),
    encodeInJavaScript: (text) => script.encode(text, { add_special_tokens: false }).ids,
    decodeInJavaScript: (ids) => script.decode(ids, { skip_special_tokens: false }),
  };
}
