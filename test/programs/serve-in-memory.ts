/** Answers several questions at once, with a model whose files come as text of base 64: the engine in a page. */
import { defineScript, string } from "worldsize";
import { encodeChat, MemoryFiles, readModelFrom, readTokenizer } from "worldsize/models";
import { Engine, EngineLoop, ModelRunner, PagePool, RadixTree } from "worldsize/serve";

export default defineScript({
  about: "Reads a model from memory and answers three questions at once.",
  ranks: 1,
  options: {
    config: string("", "config.json"),
    weights: string("", "model.safetensors"),
    tokenizer: string("", "tokenizer.json"),
  },
  async main({ device, options, show }) {
    const bytes = (text: string): Uint8Array => Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
    const files = new Map([
      ["config.json", bytes(options.config)],
      ["model.safetensors", bytes(options.weights)],
    ]);
    const model = await readModelFrom(device, new MemoryFiles(files));
    const tokenizer = readTokenizer(bytes(options.tokenizer));
    const pool = new PagePool(64, 16);
    const runner = new ModelRunner(model, pool.pages, pool.pageSize);
    const engine = new Engine({ runner, pool, cache: new RadixTree(pool) });
    const loop = new EngineLoop({ engine, tokenizer });
    const stopTokens = new Set([tokenizer.specialId("<|eos|>")]);
    const names = ["Mia the fox", "Ben the boy", "Tom the cat"];
    const texts = names.map(async (name) => {
      const content = `Tell a story about ${name}.`;
      const prompt = encodeChat(tokenizer, [{ role: "user", content }], undefined, { addGenerationPrompt: true });
      let text = "";
      for await (const piece of loop.generate({ prompt, maxTokens: 40, stopTokens })) text += piece.text;
      return text;
    });
    for (const text of await Promise.all(texts)) show.line(text);
    engine.checkBooks();
    await loop.close();
    runner.dispose();
    model.dispose();
  },
});
