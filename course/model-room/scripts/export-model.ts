// Writes a model in another form: as a GGUF file, which llama.cpp runs, or as a Hugging Face folder in another dtype.
import { choice, defineScript, string, type TensorDevice } from "worldsize";
import { writeGgufFile } from "worldsize/files";
import { chatSpecials, chatTemplate } from "worldsize/models";
import { openModel } from "../lib/open-model.ts";
import { writeResult } from "../lib/run.ts";

const dtypes = ["f32", "bf16", "f16", "q8_0"] as const;

export default defineScript({
  about: "Writes a model as a GGUF file for llama.cpp, or as a folder in another dtype.",
  ranks: 1,
  options: {
    model: string("storyteller", "the storyteller, or a folder with a model"),
    dtype: choice("f32", dtypes, "of the weights; q8_0 in GGUF alone, bf16 in a folder alone"),
    out: string("", "a file that ends in .gguf, or a folder; nothing is written if empty"),
  },
  async main({ world, device, options, show }) {
    if (world.rank !== 0) return; // one rank writes
    const { out, dtype } = options;
    if (out === "") {
      await sizes(device, options.model, (line) => show.line(line));
      return;
    }
    const isFile = out.endsWith(".gguf");
    if (isFile ? dtype === "bf16" : dtype === "q8_0") {
      const others = isFile ? "f32, f16 and q8_0" : "f32, f16 and bf16";
      throw new Error(`A ${isFile ? "GGUF file" : "folder"} takes ${others}, not ${dtype}. Choose another --dtype.`);
    }
    if (isFile) {
      const { model, tokenizer } = await openModel(device, options.model);
      const tokens = { bos: chatSpecials.bos, eos: chatSpecials.eos, chatTemplate: chatTemplate() };
      const kept = dtype as Exclude<typeof dtype, "bf16">;
      const bytes = await writeGgufFile(out, model, tokenizer, { dtype: kept, tokens });
      show.line(`${out} has ${bytes.toLocaleString("en")} bytes. llama-cli -m ${out} runs it.`);
    } else {
      const { model, tokenizer } = await openModel(device, options.model, dtype as Exclude<typeof dtype, "q8_0">);
      await writeResult(out, tokenizer, model);
      show.line(`The model is in ${out}. Ask it: worldsize run tell-a-story --model ${out}`);
    }
  },
});

/** Says how large the weights are in each dtype. */
async function sizes(device: TensorDevice, name: string, say: (line: string) => void): Promise<void> {
  const { model } = await openModel(device, name);
  const weights = model.parameters().reduce((sum, { size }) => sum + size, 0);
  const mib = (bytes: number): string => `${((weights * bytes) / 2 ** 20).toFixed(1)} MiB`;
  say(`${weights.toLocaleString("en")} weights: f32 ${mib(4)}, f16 and bf16 ${mib(2)}, q8_0 ${mib(34 / 32)}.`);
  say("Name a file with --out, m.gguf, or a folder.");
  model.dispose();
}
