/**
 * tokenizer.json of the Hugging Face library into a tokenizer. What this library would encode otherwise than that one does
 * is refused, with the field and what is wrong with it; nothing is guessed.
 */
import { Fields, kindOf } from "./fields.ts";
import { type PatternName, patternOf, patterns } from "./patterns.ts";
import type { AddedToken } from "./special.ts";
import { Tokenizer } from "./tokenizer.ts";
import { libraryIds, type TokenizerSpec } from "./vocabulary.ts";

/**
 * Reads a tokenizer.json.
 * @param file its text or bytes.
 * @param options.name what messages call it; default `tokenizer.json`.
 * @throws RangeError for a file that is malformed, or is not a byte-level BPE that this library encodes as the Hugging Face
 * library does, with the field and the reason.
 */
export function readTokenizer(
  file: string | Uint8Array,
  options: { readonly name?: string; readonly cachedWords?: number } = {},
): Tokenizer {
  const name = options.name ?? "tokenizer.json";
  const root = Fields.of(name, file);
  const model = root.object("model");
  const spec: TokenizerSpec = {
    ...readModel(model),
    normalizer: readNormalizer(root),
    pattern: readPattern(root),
    addedTokens: readAddedTokens(root),
    postProcessor: readPostProcessor(root),
  };
  checkDecoder(root);
  for (const [i, id] of libraryIds(spec).entries())
    if (spec.addedTokens![i].id !== id)
      root.fail(
        `added_tokens[${i}].id`,
        `is ${spec.addedTokens![i].id}, where the Hugging Face library gives the token ${id}: put it into model.vocab`,
      );
  for (const field of ["truncation", "padding"])
    if (root.raw(field) != null) root.fail(field, "is set, and would change what is encoded: set it to null");
  try {
    return new Tokenizer(spec, options);
  } catch (error) {
    throw new RangeError(`${name}: ${(error as Error).message}`);
  }
}

type Model = Pick<TokenizerSpec, "vocabulary" | "merges" | "ignoreMerges">;

function readModel(model: Fields): Model {
  const type = model.raw("type") ?? "BPE"; // old files leave it out
  if (type !== "BPE") model.fail("type", `is ${kindOf(type)}; only "BPE" is read`);
  if (model.flag("byte_fallback", false))
    model.fail(
      "byte_fallback",
      "is true: this is a SentencePiece vocabulary (Llama 2, Mixtral), with characters and not bytes at its bottom. " +
        "Only byte-level BPE is read (GPT-2, Llama 3, Qwen)",
    );
  for (const field of ["continuing_subword_prefix", "end_of_word_suffix"])
    if (model.raw(field) != null && model.raw(field) !== "")
      model.fail(field, `is ${kindOf(model.raw(field))}, expected null: byte-level words have no marks`);
  const dropout = model.raw("dropout");
  if (dropout != null && dropout !== 0)
    model.fail("dropout", `is ${kindOf(dropout)}, expected null: encoding must not be random`);
  return {
    vocabulary: readVocabulary(model),
    merges: model.list("merges").map((merge, i) => readMerge(merge, i, model)),
    ignoreMerges: model.flag("ignore_merges", false),
  };
}

function readVocabulary(model: Fields): ReadonlyMap<string, number> {
  const vocab = model.object("vocab");
  return new Map(
    vocab.names.map((spelling) => {
      const id = vocab.raw(spelling);
      if (typeof id !== "number") return vocab.fail(JSON.stringify(spelling), `is ${kindOf(id)}, expected an id`);
      return [spelling, id];
    }),
  );
}

/** A merge is ["a", "b"], or "a b" in files from before 2024; no spelling has a space. */
function readMerge(merge: unknown, index: number, model: Fields): readonly [string, string] {
  const pair = typeof merge === "string" ? merge.split(" ") : merge;
  if (Array.isArray(pair) && pair.length === 2 && pair.every((half) => typeof half === "string" && half !== ""))
    return [pair[0], pair[1]];
  return model.fail(`merges[${index}]`, `is ${kindOf(merge)}, expected a pair ["a", "b"] or the string "a b"`);
}

function readNormalizer(root: Fields): "NFC" | null {
  const normalizer = root.objectOrNull("normalizer");
  const type = normalizer?.text("type") ?? null;
  if (type === null || type === "NFC") return type;
  if (type === "Sequence") {
    const inner = normalizer!.list("normalizers").map((_, i) => normalizer!.entry("normalizers", i).text("type"));
    if (inner.length === 0) return null;
    if (inner.every((each) => each === "NFC")) return "NFC";
  }
  return root.fail("normalizer", `is of type ${JSON.stringify(type)}; null and NFC are known`);
}

function readPattern(root: Fields): PatternName {
  const pre = root.objectOrNull("pre_tokenizer");
  if (!pre) return root.fail("pre_tokenizer", "is null, expected ByteLevel, or a Sequence of Split and ByteLevel");
  const type = pre.text("type");
  if (type === "ByteLevel") {
    checkByteLevel(pre, true);
    return "gpt2";
  }
  if (type === "Sequence" && pre.list("pretokenizers").length === 2) {
    const split = pre.entry("pretokenizers", 0);
    const bytes = pre.entry("pretokenizers", 1);
    if (split.text("type") === "Split" && bytes.text("type") === "ByteLevel") {
      checkByteLevel(bytes, false);
      return readSplit(split);
    }
  }
  const sentencePiece = type === "Metaspace" ? " (Metaspace is SentencePiece's, as in Llama 2 and Mixtral)" : "";
  return pre.fail(
    "type",
    `is ${JSON.stringify(type)}, expected ByteLevel, or Sequence of Split and ByteLevel${sentencePiece}`,
  );
}

function checkByteLevel(bytes: Fields, cuts: boolean): void {
  if (bytes.flag("add_prefix_space", true))
    bytes.fail("add_prefix_space", "is true or missing, expected false: a text would not come back as it was");
  if (bytes.flag("use_regex", true) !== cuts)
    bytes.fail(
      "use_regex",
      cuts ? "is false, so no pattern cuts words" : "is true after a Split, so words are cut twice",
    );
}

function readSplit(split: Fields): PatternName {
  // The patterns match everywhere, so what is between matches is empty, and these two are the same.
  const behavior = split.text("behavior");
  const invert = split.flag("invert", false);
  if (!(behavior === "Isolated" && !invert) && !(behavior === "Removed" && invert))
    split.fail("behavior", `is ${JSON.stringify(behavior)}, expected "Isolated", or "Removed" with invert`);
  const spelling = split.object("pattern").text("Regex");
  const pattern = patternOf(spelling);
  if (pattern) return pattern;
  return split.fail(
    "pattern",
    `is not one of the patterns that are known to be the same in JavaScript (${Object.keys(patterns).join(", ")}): ` +
      kindOf(spelling),
  );
}

function readAddedTokens(root: Fields): readonly AddedToken[] {
  if (root.raw("added_tokens") == null) return [];
  return root.list("added_tokens").map((_, i) => {
    const token = root.entry("added_tokens", i);
    const id = token.raw("id");
    if (typeof id !== "number") return token.fail("id", `is ${kindOf(id)}, expected an id`);
    if (token.flag("single_word", false)) token.fail("single_word", "is true; tokens are found anywhere");
    const special = token.flag("special", false);
    return {
      id,
      content: token.text("content"),
      special,
      lstrip: token.flag("lstrip", false),
      rstrip: token.flag("rstrip", false),
      normalized: token.flag("normalized", !special),
    };
  });
}

/** What adds tokens around a text is kept, and not carried out; what does anything else is refused. */
function readPostProcessor(root: Fields): unknown {
  const known = ["ByteLevel", "TemplateProcessing"];
  const check = (processor: Fields, depth: number): void => {
    const type = processor.text("type");
    if (type === "Sequence" && depth === 0)
      processor.list("processors").forEach((_, i) => {
        check(processor.entry("processors", i), depth + 1);
      });
    else if (!known.includes(type))
      processor.fail("type", `is ${JSON.stringify(type)}, expected ${known.join(" or ")}`);
  };
  const processor = root.objectOrNull("post_processor");
  if (processor) check(processor, 0);
  return root.raw("post_processor") ?? null;
}

function checkDecoder(root: Fields): void {
  const decoder = root.objectOrNull("decoder");
  if (decoder?.text("type") === "Sequence" && decoder.list("decoders").length === 1) {
    if (decoder.entry("decoders", 0).text("type") === "ByteLevel") return;
  } else if (decoder?.text("type") === "ByteLevel") return;
  root.fail(
    "decoder",
    `is ${decoder ? `of type ${JSON.stringify(decoder.text("type"))}` : "null"}, expected ByteLevel`,
  );
}
