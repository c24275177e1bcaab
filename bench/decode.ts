/**
 * The ranks' side of `worldsize bench decode`: a Llama of 100 million parameters in 8 bits writes tokens one by one.
 * With `--write FILE` it writes the same model as a GGUF file in q8_0 instead.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { defineScript, number, string } from "worldsize";
import {
  argmaxOf,
  Decoder,
  DecodeStep,
  exportGguf,
  KvCache,
  llamaShape,
  namedTensors,
  quantizeModel,
  trainTokenizer,
} from "worldsize/models";

const config = llamaShape({
  vocabularySize: 16_384,
  width: 768,
  layers: 12,
  heads: 12,
  ffnWidth: 2048,
  maxPositions: 256,
});

/** The model as llama.cpp reads it; which words its tokens are does not matter to the time. */
async function write(model: Decoder, file: string): Promise<void> {
  const { spec } = trainTokenizer({ documents: ["the"], vocabularySize: 257 });
  const output = openSync(file, "w");
  const parts = exportGguf({ config, tensors: namedTensors(model), tokenizer: spec, dtype: "q8_0" });
  for await (const part of parts) writeSync(output, part);
  closeSync(output);
}

export default defineScript({
  about: "Times greedy decoding: 12 layers of width 768, weights of 8 bits, keys and values in f32, one sequence.",
  ranks: 1,
  options: {
    rounds: number(40, "tokens that are timed, after four that are not; the best counts"),
    write: string("", "a GGUF file to write the model to in q8_0, instead of timing it"),
  },
  async main({ device, options: { rounds, write: file }, show, now }) {
    const model = new Decoder(device, config);
    if (file) return write(model, file);
    const small = quantizeModel(model);
    const cache = new KvCache(device, config, 1, 256);
    const step = new DecodeStep(small, cache);
    let best = Infinity;
    let token = 1;
    for (let i = 0; i < rounds + 4; i++) {
      const start = now();
      token = argmaxOf((await step.run([token]).data()) as Float32Array);
      if (i >= 4) best = Math.min(best, now() - start);
    }
    show.row({ milliseconds: best });
  },
});
