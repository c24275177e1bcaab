/**
 * The mixture that the models of the course learn from: stories, told and asked for, with questions; tasks; and books
 * of several chapters about the same people, which fill a long context.
 */

import { mulberry32 } from "../../platform/random.ts";
import type { Part, Samples } from "../sample.ts";
import { type Encoder, encodeParts } from "../sample.ts";
import { makeTask } from "../tasks/tasks.ts";
import { makeLongDocument } from "./long.ts";
import { asked, assistant, drawTask, plain, someQuestions, user } from "./parts.ts";
import { makePeople, makeStory, pick, type Random, type Story, withArticles } from "./story.ts";
import { colours, objects } from "./words.ts";

/** A story, as it stands or as somebody asked for it, and questions about it. */
function storyDocument(random: Random): Part[] {
  const story = makeStory(random);
  const told = random() < 0.6 ? [user(story.prompt), assistant(story.text)] : [plain(story.text)];
  return random() < 0.8 ? [...told, ...asked(someQuestions(random, story, 1 + Math.floor(random() * 6)))] : told;
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
  const isSo = random() < 0.5;
  const [asHas, asShade] = isSo ? [name, shadeOf] : [people[1 - at].name, things[1 - at][0]];
  const verdict = isSo ? "so yes" : "so no";
  const questions: readonly [string, string][] = [
    [`Does ${asHas} have the ${thing}?`, `${name} has the ${thing}, ${verdict}.`],
    [`Was the ${thing} ${asShade}?`, `The ${thing} was ${shadeOf}, ${verdict}.`],
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
  /** Share of the others that are made to fill `longest`; 0 if not given. Without it few tokens stand late in a context. */
  readonly long?: number;
}

/** Characters of a token, about: 3.9 to 4.0 at a vocabulary of 1,024. */
const CHARACTERS = 4;

/** Documents by number, made when they are asked for. */
export function documentSamples(encoder: Encoder, options: DocumentOptions): Samples {
  const { seed, longest, count = Infinity, short = 0, long = 0 } = options;
  if (!(long >= 0 && long <= 1)) throw new RangeError(`A share of long documents is from 0 to 1, not ${long}.`);
  const makeOne = (random: Random, index: number): Part[] => {
    if (index < short) return makeShortDocument(random);
    // No number is drawn for a share of 0: models trained without it find their documents as they were.
    return long > 0 && random() < long ? makeLongDocument(random, CHARACTERS * longest) : makeDocument(random);
  };
  return {
    count,
    get(index) {
      const random = mulberry32(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
      random(); // the first numbers of neighbouring seeds are alike
      const { ids, weights } = encodeParts(makeOne(random, index), encoder);
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
