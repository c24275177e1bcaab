// What a model of stories and tasks can do: the rules that its stories keep, the tasks that it solves on operands which
// training never saw, the questions that it answers, and its loss by position.
import type { Tensor } from "worldsize";
import {
  checkStory,
  HELD_OUT,
  heldOutStories,
  makeTask,
  ruleRates,
  type Sample,
  type TaskKind,
  taskKinds,
  verifyTask,
} from "worldsize/data";
import {
  type ChatMessage,
  chatSpecials,
  type Decoder,
  encodeChat,
  generate,
  type Sampling,
  type Tokenizer,
} from "worldsize/models";

/** Prompts that are answered at a time. */
const AT_A_TIME = 25;

/** Continues conversations, and gives the answers. */
export async function answersTo(
  model: Decoder,
  tokenizer: Tokenizer,
  conversations: readonly (readonly ChatMessage[])[],
  sampling: Sampling,
): Promise<string[]> {
  const stop = [tokenizer.specialId(chatSpecials.eos)];
  const texts: string[] = [];
  for (let from = 0; from < conversations.length; from += AT_A_TIME) {
    const some = conversations.slice(from, from + AT_A_TIME);
    const prompts = some.map((each) => encodeChat(tokenizer, each, chatSpecials, { addGenerationPrompt: true }));
    const ids: number[][] = some.map(() => []);
    const seed = (sampling.seed ?? 0) + from;
    for await (const { sequence, token } of generate(model, prompts, { ...sampling, seed, stop }))
      ids[sequence].push(token);
    texts.push(...ids.map((each) => tokenizer.decode(each)));
  }
  return texts;
}

/** Stories on seeded prompts that training never saw, and the share of them that keeps each rule. */
export async function measureStories(model: Decoder, tokenizer: Tokenizer, count: number, temperature: number) {
  const prompts = heldOutStories(1, count).map(({ prompt }) => prompt);
  const conversations = prompts.map((content) => [{ role: "user" as const, content }]);
  const texts = await answersTo(model, tokenizer, conversations, { temperature, most: 200, seed: 7 });
  const verdicts = texts.map((text, i) => checkStory(text, prompts[i]));
  return { texts, prompts, rates: ruleRates(verdicts) };
}

/** Share of tasks of each kind that are answered rightly, the most likely token each time. */
export async function measureTasks(
  model: Decoder,
  tokenizer: Tokenizer,
  count: number,
): Promise<Record<TaskKind, number>> {
  const random = seeded(HELD_OUT + 2);
  const rates = {} as Record<TaskKind, number>;
  for (const kind of taskKinds) {
    const tasks = Array.from({ length: count }, () => makeTask(random, kind, true));
    const conversations = tasks.map(({ prompt }) => [{ role: "user" as const, content: prompt }]);
    const texts = await answersTo(model, tokenizer, conversations, { temperature: 0, most: 40 });
    rates[kind] = tasks.filter((task, i) => verifyTask(task, texts[i])).length / count;
  }
  return rates;
}

/** Share of questions about held-out stories that are answered rightly, by kind. */
export async function measureQuestions(
  model: Decoder,
  tokenizer: Tokenizer,
  count: number,
): Promise<Record<string, number>> {
  const asked = heldOutStories(3, count).flatMap((story) =>
    story.questions.map(({ kind, question, answer }) => ({ story, kind, question, answer })),
  );
  const conversations = asked.map(({ story, question }): ChatMessage[] => [
    { role: "user", content: story.prompt },
    { role: "assistant", content: story.text },
    { role: "user", content: question },
  ]);
  const texts = await answersTo(model, tokenizer, conversations, { temperature: 0, most: 30 });
  const kinds = [...new Set(asked.map(({ kind }) => kind))];
  const right = asked.map(({ answer }, i) => texts[i].trim() === answer);
  return Object.fromEntries(
    kinds.map((kind) => {
      const of = right.filter((_, i) => asked[i].kind === kind);
      return [kind, of.filter(Boolean).length / of.length];
    }),
  );
}

/** The mean loss of tokens by their place in a sample, in groups of 128 places. */
export async function lossByPosition(
  samples: readonly Sample[],
  lossesOf: (sample: Sample) => Promise<{ losses: ArrayLike<number>; weights: ArrayLike<number> }>,
): Promise<{ from: number; loss: number; tokens: number }[]> {
  const groups = new Map<number, { sum: number; weight: number }>();
  for (const sample of samples) {
    const { losses, weights } = await lossesOf(sample);
    for (let i = 0; i < losses.length; i++) {
      const from = Math.floor(i / 128) * 128;
      const group = groups.get(from) ?? { sum: 0, weight: 0 };
      groups.set(from, { sum: group.sum + losses[i] * weights[i], weight: group.weight + weights[i] });
    }
  }
  return [...groups]
    .sort(([a], [b]) => a - b)
    .map(([from, { sum, weight }]) => ({ from, loss: sum / weight, tokens: weight }));
}

/** Mulberry32: what the generator of stories uses. */
function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A tensor's numbers, which is freed. */
export async function takeData(tensor: Tensor): Promise<ArrayLike<number>> {
  const data = await tensor.data();
  tensor.dispose();
  return data;
}
