/**
 * The mixture that the models of the course learn from: stories, told and asked for, with questions; tasks; and books
 * of several chapters about the same people, which fill a long context.
 */

import { mulberry32 } from "../../platform/random.ts";
import type { Part, Samples } from "../sample.ts";
import { type Encoder, encodeParts } from "../sample.ts";
import { makeTask, type TaskKind } from "../tasks/tasks.ts";
import { makePeople, makeStory, type Question, type Random, type Story } from "./story.ts";

const plain = (text: string): Part => ({ role: "plain", text, weight: 1 });
const user = (text: string): Part => ({ role: "user", text, weight: 0 });
const assistant = (text: string): Part => ({ role: "assistant", text, weight: 1 });

/** Kinds of tasks by how much there is to learn: how often each comes. */
const taskShares: Readonly<Record<TaskKind, number>> = {
  sum20: 0.14,
  sum99: 0.08,
  steps: 0.24,
  difference: 0.12,
  sort: 0.16,
  reverse: 0.1,
  largest: 0.06,
  repeat: 0.1,
};

function drawTask(random: Random): TaskKind {
  let left = random();
  for (const [kind, share] of Object.entries(taskShares)) if ((left -= share) < 0) return kind as TaskKind;
  return "repeat";
}

/** Some questions of a story; yes and no are asked as often as each other. */
function someQuestions(random: Random, { questions }: Story, count: number): Question[] {
  const left = [...questions];
  return Array.from(
    { length: Math.min(count, left.length) },
    () => left.splice(Math.floor(random() * left.length), 1)[0],
  );
}

const asked = (questions: readonly Question[]): Part[] =>
  questions.flatMap(({ question, answer }) => [user(question), assistant(answer)]);

/** A story, as it stands or as somebody asked for it, and questions about it. */
function storyDocument(random: Random): Part[] {
  const story = makeStory(random);
  const told = random() < 0.6 ? [user(story.prompt), assistant(story.text)] : [plain(story.text)];
  return random() < 0.5 ? [...told, ...asked(someQuestions(random, story, 1 + Math.floor(random() * 3)))] : told;
}

/** Several chapters about the same people, told or asked for one by one. */
function bookDocument(random: Random): Part[] {
  const people = makePeople(random);
  const chapters = 3 + Math.floor(random() * 6);
  const isAsked = random() < 0.5;
  return Array.from({ length: chapters }, () => {
    const story = makeStory(random, people);
    const told = isAsked ? [user(story.prompt), assistant(story.text)] : [plain(story.text)];
    return random() < 0.3 ? [...told, ...asked(someQuestions(random, story, 2))] : told;
  }).flat();
}

/** Tasks one after the other. */
function taskDocument(random: Random): Part[] {
  return Array.from({ length: 1 + Math.floor(random() * 12) }, () => {
    const { prompt, answer } = makeTask(random, drawTask(random));
    return [user(prompt), assistant(answer)];
  }).flat();
}

/** A document of the mixture. */
export function makeDocument(random: Random): Part[] {
  const kind = random();
  if (kind < 0.5) return storyDocument(random);
  return kind < 0.58 ? bookDocument(random) : taskDocument(random);
}

/** Seeds of documents of training and of evaluation: no index of one is an index of the other. */
export const HELD_OUT = 0x5eed0000;

/**
 * Documents by number, made when they are asked for.
 * @param longest ids of a sample; what is longer loses its end.
 */
export function documentSamples(encoder: Encoder, seed: number, longest: number, count = Infinity): Samples {
  return {
    count,
    get(index) {
      const random = mulberry32(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
      random(); // the first numbers of neighbouring seeds are alike
      const { ids, weights } = encodeParts(makeDocument(random), encoder);
      return { ids: ids.slice(0, longest), weights: weights.slice(0, longest) };
    },
  };
}

/** Text to train a tokenizer on: what documents say, without roles. */
export function documentTexts(seed: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const random = mulberry32(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
    random();
    return makeDocument(random)
      .map(({ text }) => text)
      .join("\n");
  });
}

/** What a story is asked for, for evaluation: a prompt and the story that the generator would tell. */
export function heldOutStories(seed: number, count: number): Story[] {
  const random = mulberry32(HELD_OUT ^ seed);
  return Array.from({ length: count }, () => makeStory(random));
}
