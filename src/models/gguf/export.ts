/** A model and its tokenizer as one GGUF file, which llama.cpp runs. */
import type { Decoder } from "../decoder.ts";
import type { DecoderConfig } from "../decoder-config.ts";
import type { TokenizerSpec } from "../tokenizer/index.ts";
import type { GgufDType } from "./format.ts";
import { architectureMetadata, type GgufTokens, tokenizerMetadata } from "./metadata.ts";
import { ggufTensors, type NamedTensor } from "./tensors.ts";
import { writeGguf } from "./write.ts";

/** What a file is made of. */
export interface GgufExport {
  readonly config: DecoderConfig;
  /** All of the model's, in any order; where `tied`, without the head. */
  readonly tensors: Iterable<NamedTensor>;
  readonly tokenizer: TokenizerSpec;
  readonly tokens?: GgufTokens;
  /** Of the matrices; f32 if not given. */
  readonly dtype?: GgufDType;
}

/**
 * The bytes of the file, in order; a tensor is read when it is its turn.
 * @throws RangeError for a form, a tensor or a tokenizer that such a file has no place for.
 */
export async function* exportGguf(model: GgufExport): AsyncGenerator<Uint8Array> {
  const { config, tensors, tokenizer, tokens, dtype = "f32" } = model;
  const metadata = new Map([
    ...architectureMetadata(config, dtype),
    ...tokenizerMetadata(tokenizer, config.vocabularySize, tokens),
  ]);
  yield* writeGguf(metadata, ggufTensors(config, tensors, dtype));
}

/** A decoder's tensors, to be exported or written otherwise. */
export function namedTensors(model: Decoder): NamedTensor[] {
  return Array.from(model.namedParameters(), ([name, parameter]) => ({
    name,
    shape: parameter.shape,
    read: async (): Promise<Float32Array> => {
      if (parameter.dtype === "f32") return (await parameter.data()) as Float32Array;
      using wide = model.device.noGrad(() => parameter.to("f32"));
      return (await wide.data()) as Float32Array;
    },
  }));
}
