/**
 * The mixture that the models of the course learn from: stories, told and asked for, with questions; tasks; and books
 * of several chapters about the same people, which fill a long context.
 */

import { mulberry32 } from "../../platform/random.ts";
import type { Part, Samples } from "../sample.ts";
import { type Encoder, encodeParts } from "../sample.ts";
import { makeTask, type TaskKind } from "../tasks/tasks.ts";
import { makePeople, makeStory, pick, type Question, type Random, type Story, withArticles } from "./story.ts";
import { colours, objects } from "./words.ts";

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

/**
 * A few facts and a question about one of them: the shortest text in which names, kinds and colors have to be copied.
 * Models learn to copy from these first, and tell stories by it later.
 */
function factsDocument(random: Random): Part[] {
  const people = makePeople(random);
  const [one, other] = pickTwo(random, objects);
  const [colour, shade] = pickTwo(random, colours);
  const things = [
    [colour, one],
    [shade, other],
  ] as const;
  const count = random() < 0.4 ? 1 : 2;
  const facts = people
    .slice(0, count)
    .map(({ name, kind }, i) => withArticles(`${name} the ${kind} has a ${things[i].join(" ")}.`));
  const at = Math.floor(random() * count);
  const { name, kind } = people[at];
  const [shadeOf, thing] = things[at];
  const questions: readonly [string, string][] = [
    [`Who has the ${thing}?`, `${name} has the ${thing}.`],
    [`What does ${name} have?`, `${name} has a ${shadeOf} ${thing}.`],
    [`What was ${name}?`, `${name} was a ${kind}.`],
    [`What color was the ${thing}?`, `The ${thing} was ${shadeOf}.`],
  ];
  const [question, answer] = pick(random, questions);
  return [plain(facts.join(" ")), user(question), assistant(withArticles(answer))];
}

function pickTwo<T>(random: Random, list: readonly T[]): [T, T] {
  const first = pick(random, list);
  return [
    first,
    pick(
      random,
      list.filter((each) => each !== first),
    ),
  ];
}

/** A document of the beginning: facts, words to repeat, and a task now and then. */
export function makeShortDocument(random: Random): Part[] {
  const kind = random();
  if (kind < 0.5) return factsDocument(random);
  const { prompt, answer } = makeTask(random, kind < 0.85 ? "repeat" : drawTask(random));
  return [user(prompt), assistant(answer)];
}

/** A document of the mixture. */
export function makeDocument(random: Random): Part[] {
  const kind = random();
  if (kind < 0.08) return makeShortDocument(random);
  if (kind < 0.55) return storyDocument(random);
  return kind < 0.62 ? bookDocument(random) : taskDocument(random);
}

/** Seeds of documents of training and of evaluation: no index of one is an index of the other. */
export const HELD_OUT = 0x5eed0000;

/** Which documents there are. */
export interface DocumentOptions {
  readonly seed: number;
  /** Most ids of a sample; what is longer loses its end. */
  readonly longest: number;
  /** How many there are; they go on for ever if not given. */
  readonly count?: number;
  /** How many short ones come first. */
  readonly short?: number;
}

/** Documents by number, made when they are asked for. */
export function documentSamples(encoder: Encoder, options: DocumentOptions): Samples {
  const { seed, longest, count = Infinity, short = 0 } = options;
  return {
    count,
    get(index) {
      const random = mulberry32(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
      random(); // the first numbers of neighbouring seeds are alike
      const make = index < short ? makeShortDocument : makeDocument;
      const { ids, weights } = encodeParts(make(random), encoder);
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
