// Writes a model as one GGUF file, which llama.cpp and what is built on it run.
import { choice, defineScript, string } from "worldsize";
import { writeGgufFile } from "worldsize/files";
import { chatSpecials, chatTemplate, exportGguf, namedTensors } from "worldsize/models";
import { openModel } from "../lib/open-model.ts";

export default defineScript({
  about: "Writes a model as a GGUF file, so that llama.cpp can run the same model.",
  ranks: 1,
  options: {
    model: string("storyteller", "the storyteller, or a folder with a model"),
    dtype: choice("f32", ["f32", "f16", "q8_0"], "what its matrices are written in"),
    out: string("", "the file; nothing is written if empty"),
  },
  async main({ world, device, options, show }) {
    if (world.rank !== 0) return; // one rank writes
    const { out, dtype } = options;
    const { model, tokenizer } = await openModel(device, options.model);
    const tokens = { bos: chatSpecials.bos, eos: chatSpecials.eos, chatTemplate: chatTemplate() };
    if (out === "") {
      let bytes = 0;
      const { config } = model;
      const parts = exportGguf({ config, tensors: namedTensors(model), tokenizer: tokenizer.spec, tokens, dtype });
      for await (const { length } of parts) bytes += length;
      show.line(`In ${dtype} it has ${bytes.toLocaleString("en")} bytes. Name the file with --out.`);
    } else {
      const bytes = await writeGgufFile(out, model, tokenizer, { dtype, tokens });
      show.line(`${out} has ${bytes.toLocaleString("en")} bytes. llama-cli -m ${out} runs it.`);
    }
    model.dispose();
  },
});
