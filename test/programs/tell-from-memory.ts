/** Tells a story with a model whose files come as text of base 64: what a page that has fetched them does. */
import { defineScript, string } from "worldsize";
import { MemoryFiles, readModelFrom, readTokenizer, streamAnswer } from "worldsize/models";

export default defineScript({
  about: "Reads a model from memory and streams a story.",
  ranks: 1,
  options: {
    config: string("", "config.json"),
    weights: string("", "model.safetensors"),
    tokenizer: string("", "tokenizer.json"),
    prompt: string("Tell a story about Mia the fox, Ben the boy and a red ball.", "what is asked for"),
  },
  async main({ device, options, show }) {
    const bytes = (text: string): Uint8Array => Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
    const files = new Map([
      ["config.json", bytes(options.config)],
      ["model.safetensors", bytes(options.weights)],
    ]);
    const model = await readModelFrom(device, new MemoryFiles(files));
    const tokenizer = readTokenizer(bytes(options.tokenizer));
    const question = [{ role: "user" as const, content: options.prompt }];
    for await (const piece of streamAnswer(model, tokenizer, question, { temperature: 0, most: 120 }))
      show.write(piece);
    show.write("\n");
    model.dispose();
  },
});
