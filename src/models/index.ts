/** Language models: a decoder by configuration, its tokenizer, and sampling from it. */
export { DecodeStep } from "./decode-step.ts";
export { type Batch, Block, Decoder, type DecoderOptions, type LanguageModel } from "./decoder.ts";
export type { DecoderConfig, Family, RopeScaling } from "./decoder-config.ts";
export { type ByteSource, MemorySource } from "./files/byte-source.ts";
export { readConfig, writeConfig } from "./files/config.ts";
export { positionsOf, type ReadOptions, readConfigFrom, readModelFrom } from "./files/load.ts";
export { type ReadQuantizedOptions, readQuantizedFrom } from "./files/load-quantized.ts";
export { MemoryFiles, type ModelFiles, type OpenSource } from "./files/model-files.ts";
export { type ParameterForm, parameterForms } from "./files/names.ts";
export { layOutSafetensors, readSafetensorsHeader } from "./files/safetensors.ts";

export { argmaxOf, drawFrom, generate, type Sampled, type Sampling, uniformAt } from "./generate.ts";

export * from "./gguf/index.ts";
export { KvCache } from "./kv-cache.ts";
export { type KvDType, kvBytesPerToken, kvDTypes, PagedKv, type PagedStep } from "./paged-kv.ts";
export { QuantizedDecoder, quantizeModel } from "./quantized.ts";
export { rotaryFrequencies, rotaryTables } from "./rotary.ts";
export { gpt2Shape, llamaShape, type ShapeOptions } from "./shapes.ts";
export { streamAnswer } from "./stream.ts";
export * from "./tokenizer/index.ts";
