/** Tokenizers: train one, read or write one, encode and decode with it. */
export {
  type ChatMessage,
  type ChatOptions,
  type ChatSpecials,
  chatSpecials,
  chatTemplate,
  encodeChat,
  modelSpecialTokens,
  renderChat,
} from "./chat.ts";
export { readTokenizerConfig, type TokenizerConfig, writeTokenizerConfig } from "./config.ts";
export { type CountOptions, countWords, mergeCounts, type WordCounts } from "./count.ts";
export type { DecodeStream } from "./decode-stream.ts";
export type { EncodeStream } from "./encode-stream.ts";
export { type Pattern, type PatternName, patterns } from "./patterns.ts";
export { readTokenizer } from "./read.ts";
export type { AddedToken } from "./special.ts";
export { type DecodeOptions, type EncodeOptions, Tokenizer } from "./tokenizer.ts";
export { type MergeReport, type TrainOptions, trainFromCounts, trainTokenizer } from "./train.ts";
export type { TokenizerSpec } from "./vocabulary.ts";
export { cutDocument } from "./words.ts";
export { writeTokenizer } from "./write.ts";
