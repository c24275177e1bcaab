// Streams a story from a model, token by token.
import { defineScript, number, string } from "worldsize";
import { streamAnswer } from "worldsize/models";
import { openModel } from "../lib/open-model.ts";

export default defineScript({
  about: "Tells a story about whom you name, as the model that ships with the course makes it up.",
  ranks: 1,
  options: {
    prompt: string("Tell a story about Mia the fox, Ben the boy and a red ball.", "what you ask for"),
    model: string("storyteller", "the storyteller, or a folder with a model"),
    temperature: number(0.7, "0 takes the most likely token each time", { min: 0 }),
    most: number(250, "most tokens of the answer", { min: 1, integer: true }),
  },
  quick: { options: { most: 24 } },
  measured: ["tokens/s"],
  async main({ world, device, options, show, now, random }) {
    if (world.rank !== 0) return; // one rank tells
    const { model, tokenizer } = await openModel(device, options.model);
    const { temperature, most } = options;
    const seed = Math.floor(2 ** 31 * random()); // of --seed, as all that is random here
    const question = [{ role: "user" as const, content: options.prompt }];
    const start = now();
    let pieces = 0;
    for await (const piece of streamAnswer(model, tokenizer, question, { temperature, seed, most })) {
      show.write(piece);
      pieces++;
    }
    show.write("\n");
    show.row({ "tokens/s": Math.round((1000 * pieces) / (now() - start)) });
    model.dispose();
  },
});
