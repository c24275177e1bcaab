// Writes a model as one GGUF file, which llama.cpp and what is built on it run.
import { choice, defineScript, string } from "worldsize";
import { writeGgufFile } from "worldsize/files";
import { chatSpecials, chatTemplate } from "worldsize/models";
import { openModel } from "../lib/open-model.ts";

export default defineScript({
  about: "Writes a model as a GGUF file, so that llama.cpp can run the same model.",
  ranks: 1,
  options: {
    model: string("storyteller", "the storyteller, or a folder with a model"),
    dtype: choice("f32", ["f32", "f16", "q8_0"], "what its matrices are written in"),
    out: string("model.gguf", "the file to write"),
  },
  async main({ world, device, options, show }) {
    if (world.rank !== 0) return; // one rank writes
    const { model, tokenizer } = await openModel(device, options.model);
    const { bos, eos } = chatSpecials;
    const tokens = { bos, eos, chatTemplate: chatTemplate() };
    const bytes = await writeGgufFile(options.out, model, tokenizer, { dtype: options.dtype, tokens });
    show.line(`${options.out} has ${bytes.toLocaleString("en")} bytes. llama-cli -m ${options.out} runs it.`);
    model.dispose();
  },
});
