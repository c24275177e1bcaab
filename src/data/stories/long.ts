/**
 * Documents that fill a long context and need it: books whose people stay through all chapters, with questions at the
 * end about any of them, stories with many questions between, and long lists of tasks.
 */
import type { Part } from "../sample.ts";
import { makeTask } from "../tasks/tasks.ts";
import { sentencesOf } from "./check-story.ts";
import { asked, assistant, drawTask, plain, someQuestions, user } from "./parts.ts";
import { makePeople, makeStory, pick, type Random, type Story } from "./story.ts";

/** How a later chapter begins: both people again, each with the kind. */
const openings = [
  "The next day, {A} and {B} met again.",
  "{A} and {B} were together again.",
  "Soon {A} met {B} again.",
];

function lengthOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { text }) => sum + text.length, 0);
}

/** Makes parts until they hold as many characters. */
function fill(characters: number, make: () => readonly Part[]): Part[] {
  const parts: Part[] = [];
  for (let length = 0; length < characters; length = lengthOf(parts)) parts.push(...make());
  return parts;
}

/** A story about an object that none of the others is about, so that a question about it has one answer. */
function makeChapter(random: Random, people: Story["people"], used: ReadonlySet<string>): Story {
  for (;;) {
    const story = makeStory(random, people);
    if (story.object === undefined || !used.has(story.object)) return story;
  }
}

function shuffled<T>(random: Random, list: readonly T[]): T[] {
  const left = [...list];
  return list.map(() => left.splice(Math.floor(random() * left.length), 1)[0]);
}

/** Chapters about the same people, and questions about any of them at the end. */
function longBook(random: Random, characters: number): Part[] {
  const people = makePeople(random);
  const [a, b] = people.map(({ name, kind }) => `${name} the ${kind}`);
  const used = new Set<string>();
  const chapters: Story[] = [];
  const parts = fill(0.85 * characters, () => {
    const story = makeChapter(random, people, used);
    if (story.object) used.add(story.object);
    chapters.push(story);
    const opening = pick(random, openings).replace("{A}", a).replace("{B}", b);
    const text = chapters.length === 1 ? story.text : [opening, ...sentencesOf(story.text).slice(1)].join(" ");
    return [plain(`Chapter ${chapters.length}. ${text}`)];
  });
  const colours = chapters.flatMap(({ questions }) => questions.filter(({ kind }) => kind === "colour"));
  const kinds = chapters[0].questions.filter(({ question }) => /^What was (?:[A-Z]\w*)\?$/.test(question));
  return [...parts, ...asked(shuffled(random, [...colours, ...kinds]))];
}

/** Stories that are asked for, with most of their questions. */
function longSession(random: Random, characters: number): Part[] {
  return fill(characters, () => {
    const story = makeStory(random);
    return [user(story.prompt), assistant(story.text), ...asked(someQuestions(random, story, 6))];
  });
}

/** Tasks one after the other. */
function longTasks(random: Random, characters: number): Part[] {
  return fill(characters, () => {
    const { prompt, answer } = makeTask(random, drawTask(random));
    return [user(prompt), assistant(answer)];
  });
}

/** @param characters how long it is at least; a book may end some questions earlier. */
export function makeLongDocument(random: Random, characters: number): Part[] {
  const kind = random();
  if (kind < 0.6) return longBook(random, characters);
  return kind < 0.8 ? longSession(random, characters) : longTasks(random, characters);
}
