/**
 * A tokenizer into tokenizer.json, as the Hugging Face library writes it: the same fields in the same order, vocabulary by
 * id, merges as pairs, on one line. Added tokens go into the vocabulary, too, where the library would else give them other ids.
 */
import { patterns } from "./patterns.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { libraryIds } from "./vocabulary.ts";

/** The text of the tokenizer's tokenizer.json; `readTokenizer` gives an equal tokenizer back. */
export function writeTokenizer({ spec }: Tokenizer): string {
  const byteLevel = (cuts: boolean) => ({
    type: "ByteLevel",
    add_prefix_space: false,
    trim_offsets: true,
    use_regex: cuts,
  });
  const split = {
    type: "Split",
    pattern: { Regex: patterns[spec.pattern].published },
    behavior: "Isolated",
    invert: false,
  };
  const added = [...(spec.addedTokens ?? [])].sort((a, b) => a.id - b.id);
  const vocabulary = new Map(spec.vocabulary);
  if (libraryIds({ ...spec, addedTokens: added }).some((id, i) => id !== added[i].id))
    for (const { content, id } of added) vocabulary.set(content, id);
  const root = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added.map(({ id, content, lstrip, rstrip, normalized, special }) => ({
      ...{ id, content, single_word: false, lstrip, rstrip, normalized, special },
    })),
    normalizer: spec.normalizer ? { type: spec.normalizer } : null,
    pre_tokenizer:
      spec.pattern === "gpt2" ? byteLevel(true) : { type: "Sequence", pretokenizers: [split, byteLevel(false)] },
    post_processor: spec.postProcessor ?? null,
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: spec.ignoreMerges ?? false,
    },
  };
  // An object of JavaScript would put the tokens "0" to "9" first, so the vocabulary is written entry by entry.
  const entries = [...vocabulary].sort(([, a], [, b]) => a - b);
  const vocab = entries.map(([spelling, id]) => `${JSON.stringify(spelling)}:${id}`).join(",");
  const head = JSON.stringify(root).slice(0, -"}}".length);
  return `${head},"vocab":{${vocab}},"merges":${JSON.stringify(spec.merges)}}}`;
}
