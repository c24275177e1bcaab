/**
 * The model of `worldsize bench serve --against`: a Llama of 100 million random parameters, written as a folder that we serve, and as
 * a GGUF file in q8_0 that llama.cpp reads. Its tokenizer is trained on the course's text, and filled up to the model's vocabulary
 * with tokens that no text encodes to.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineScript, string } from "worldsize";
import { writeGgufFile, writeModel } from "worldsize/files";
import { Decoder, llamaShape, Tokenizer, trainTokenizer, writeTokenizer } from "worldsize/models";

const config = llamaShape({
  vocabularySize: 16_384,
  width: 768,
  layers: 12,
  heads: 12,
  ffnWidth: 2048,
  maxPositions: 2048,
});

const specialTokens = ["<|bos|>", "<|eos|>"];

/** A tokenizer with as many tokens as the model has. @param course its folder. */
function tokenizerOf(course: string): Tokenizer {
  const pages = readdirSync(course, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".md"));
  const documents = pages.sort().map((file) => readFileSync(join(course, file), "utf8"));
  const { spec } = trainTokenizer({ documents, vocabularySize: config.vocabularySize, specialTokens });
  const vocabulary = new Map(spec.vocabulary);
  while (vocabulary.size < config.vocabularySize) vocabulary.set(`unused${vocabulary.size}`, vocabulary.size);
  return new Tokenizer({ ...spec, vocabulary });
}

export default defineScript({
  about: "Writes the model that serving is measured with: 12 layers of width 768, random parameters.",
  ranks: 1,
  options: {
    folder: string("", "where the Hugging Face folder is written"),
    gguf: string("", "where the GGUF file is written"),
    course: string("course", "the folder whose text the tokenizer is trained on"),
  },
  async main({ device, options: { folder, gguf, course } }) {
    const model = new Decoder(device, config);
    const tokenizer = tokenizerOf(course);
    const chat = "{% for message in messages %}{{ message['content'] }}{% endfor %}";
    const files = {
      "tokenizer.json": writeTokenizer(tokenizer),
      "tokenizer_config.json": JSON.stringify({
        tokenizer_class: "PreTrainedTokenizerFast",
        bos_token: specialTokens[0],
        eos_token: specialTokens[1],
        chat_template: chat,
      }),
    };
    if (folder) await writeModel(folder, model, { files, config: { bos_token_id: 0, eos_token_id: 1 } });
    if (gguf) await writeGgufFile(gguf, model, tokenizer, { dtype: "q8_0" });
    model.dispose();
  },
});
