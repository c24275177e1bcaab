// Measures a model of stories and tasks: what is in its model card comes from here.
import { boolean, defineScript, functional, number, string, type TensorDevice } from "worldsize";
import { documentSamples, HELD_OUT, heldOutStories, packSamples, type Sample } from "worldsize/data";
import { chatSpecials, type Decoder, encodeChat, generate, type Tokenizer } from "worldsize/models";
import { encoderOf } from "../lib/data.ts";
import { lossByPosition, measureQuestions, measureStories, measureTasks, takeData } from "../lib/measure.ts";
import { openModel } from "../lib/open-model.ts";
import { perplexities } from "../lib/perplexity.ts";

export default defineScript({
  about: "Measures a storyteller: rules that its stories keep, tasks, questions, loss by position, and its draft.",
  ranks: 1,
  options: {
    model: string("storyteller", "the storyteller, or a folder with a model"),
    draft: string("", "a smaller model of the same tokenizer: draft, or a folder; none if empty"),
    stories: number(200, "stories that are told at temperature 0.7", { min: 1, integer: true }),
    tasks: number(200, "tasks of each kind", { min: 1, integer: true }),
    questions: number(40, "stories whose questions are asked", { min: 1, integer: true }),
    documents: number(300, "held-out documents for the loss by position", { min: 1, integer: true }),
    kv: boolean(false, "also the perplexity with weights, and with keys and values, of fewer bits"),
    samples: number(3, "stories that are shown as they came", { min: 0, integer: true }),
  },
  quick: { options: { stories: 2, tasks: 2, questions: 1, documents: 2, kv: true, samples: 1 } },
  async main({ world, device, options, show }) {
    if (world.rank !== 0) return; // one rank measures
    const { model, tokenizer } = await openModel(device, options.model);
    const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
    const rows = (rates: Readonly<Record<string, number>>, what: string) =>
      Object.entries(rates).map(([name, share]) => ({ [what]: name, share: percent(share) }));

    const stories = await measureStories(model, tokenizer, options.stories, 0.7);
    show.table(rows(stories.rates, "rule"), `Rules kept by ${options.stories} prompted stories at temperature 0.7`);
    for (let i = 0; i < Math.min(options.samples, stories.texts.length); i++) {
      show.line(`> ${stories.prompts[i]}`);
      show.line(stories.texts[i]);
    }
    show.table(
      rows(await measureTasks(model, tokenizer, options.tasks), "task"),
      "Tasks on operands that training never saw",
    );
    const questions = await measureQuestions(model, tokenizer, options.questions);
    show.table(rows(questions, "kind"), "Questions about held-out stories");

    const kept = documentSamples(encoderOf(tokenizer), {
      seed: HELD_OUT,
      longest: model.config.maxPositions + 1,
      count: options.documents,
      long: 0.3, // so that there is something to measure late in the context
    });
    const samples = Array.from({ length: options.documents }, (_, i) => kept.get(i));
    const positions = await lossByPosition(samples, (sample) => lossesOf(device, model, sample));
    show.table(
      positions.map(({ from, loss, tokens }) => ({ from, loss, tokens: Math.round(tokens) })),
      "Loss by position",
    );

    if (options.kv) {
      const rows = await perplexities(device, options.model, samples);
      const shown = rows.map(({ weights, ...each }) => ({
        weights,
        ...Object.fromEntries(Object.entries(each).map(([kv, value]) => [`keys and values ${kv}`, value.toFixed(6)])),
      }));
      show.table(shown, "Perplexity, by the types of weights and of keys and values");
    }

    if (options.draft === "") return;
    const { model: draft } = await openModel(device, options.draft);
    const share = await acceptance(model, draft, tokenizer, Math.min(options.stories, 50));
    show.line(`The draft's most likely token is the model's in ${percent(share)} of the places of its stories.`);
  },
});

/** The loss of each token of a sample. */
async function lossesOf(device: TensorDevice, model: Decoder, sample: Sample) {
  const packed = packSamples([sample]);
  const i32 = (values: Int32Array) => device.from(values, [values.length], "i32");
  const loss = device.noGrad(() =>
    device.scope(() => {
      const batch = { tokens: i32(packed.tokens), positions: i32(packed.positions), starts: i32(packed.starts) };
      return functional.crossEntropy({ logits: model.call(batch), target: i32(packed.targets) }).loss;
    }),
  );
  return { losses: await takeData(loss), weights: packed.weights };
}

/** Share of the tokens of a model's greedy stories that the draft would have proposed. */
async function acceptance(model: Decoder, draft: Decoder, tokenizer: Tokenizer, count: number): Promise<number> {
  const { device } = model;
  const eos = tokenizer.specialId(chatSpecials.eos);
  let right = 0;
  let all = 0;
  for (const { prompt } of heldOutStories(1, count)) {
    const start = encodeChat(tokenizer, [{ role: "user", content: prompt }], chatSpecials, {
      addGenerationPrompt: true,
    });
    const ids: number[] = [];
    for await (const { token } of generate(model, [start], { temperature: 0, stop: [eos], most: 200 })) ids.push(token);
    const whole = [...start, ...ids, eos];
    const packed = packSamples([{ ids: whole, weights: whole.map(() => 1) }]);
    const i32 = (values: Int32Array) => device.from(values, [values.length], "i32");
    const best = device.noGrad(() =>
      device.scope(() => {
        const batch = { tokens: i32(packed.tokens), positions: i32(packed.positions), starts: i32(packed.starts) };
        return draft.call(batch).argmax(-1);
      }),
    );
    const proposed = await takeData(best);
    for (let i = start.length - 1; i < whole.length - 1; i++, all++) if (proposed[i] === whole[i + 1]) right++;
  }
  return right / all;
}
