/** Language models: a decoder by configuration, its tokenizer, and sampling from it. */
export { type Batch, Block, Decoder, type DecoderOptions } from "./decoder.ts";
export type { DecoderConfig, Family, RopeScaling } from "./decoder-config.ts";
export { argmaxOf, drawFrom, generate, type LanguageModel, type Sampled, type Sampling } from "./generate.ts";
export * from "./gguf/index.ts";
export { KvCache } from "./kv-cache.ts";
export { QuantizedDecoder, quantizeModel } from "./quantized.ts";
export { rotaryFrequencies, rotaryTables } from "./rotary.ts";
export * from "./tokenizer/index.ts";
