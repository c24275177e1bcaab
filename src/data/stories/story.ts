/** A story from a random sequence: people, an object and a plot are chosen, and the plot's gaps are filled. */
import {
  endings,
  introductions,
  objectQuestions,
  type Plot,
  peopleQuestions,
  type QuestionForm,
} from "./plot-forms.ts";
import { plots } from "./plots.ts";
import { animals, boys, colours, fillers, type Gap, girls, objects } from "./words.ts";

/** Somebody in a story. */
export interface Person {
  readonly name: string;
  /** An animal, or "girl" or "boy" as the name has it. */
  readonly kind: string;
  readonly isGirl: boolean;
}

/** A question that a story answers, and the answer with the fact said again. */
export interface Question {
  readonly kind: QuestionForm["kind"];
  readonly question: string;
  readonly answer: string;
}

/** A story and what is known of it. */
export interface Story {
  readonly text: string;
  /** What somebody would ask for to get it. */
  readonly prompt: string;
  readonly people: readonly [Person, Person];
  readonly object?: string;
  readonly colour?: string;
  readonly plot: string;
  readonly mood: keyof typeof endings;
  readonly questions: readonly Question[];
}

/** Uniform in [0, 1). */
export type Random = () => number;

/** One of a list. */
export function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)];
}

/** How often a person is an animal. */
export const ANIMAL = 0.6;

/** Two people with different names. */
export function makePeople(random: Random): [Person, Person] {
  const make = (taken: string): Person => {
    const isGirl = random() < 0.5;
    const name = pick(
      random,
      (isGirl ? girls : boys).filter((each) => each !== taken),
    );
    const kind = random() < ANIMAL ? pick(random, animals) : isGirl ? "girl" : "boy";
    return { name, kind, isGirl };
  };
  const first = make("");
  return [first, make(first.name)];
}

/** "a orange cup" is "an orange cup". */
export function withArticles(text: string): string {
  return text.replace(/\b([Aa]) (?=[aeiou])/g, "$1n ");
}

function capital(text: string): string {
  return text[0].toUpperCase() + text.slice(1);
}

/** Fills gaps: the same gap always with the same words. */
class Gaps {
  readonly #random: Random;
  readonly #words: Map<string, string>;

  constructor(random: Random, words: Readonly<Record<string, string>>) {
    this.#random = random;
    this.#words = new Map(Object.entries(words));
  }

  fill(template: string): string {
    return withArticles(template.replace(/\{(\w+)\}/g, (_, gap: string) => this.#word(gap)));
  }

  #word(gap: string): string {
    const known = this.#words.get(gap);
    if (known !== undefined) return known;
    const list: readonly string[] = fillers[gap.replace(/2$/, "") as Gap];
    const other = gap.endsWith("2") ? this.#word(gap.slice(0, -1)) : this.#words.get(`${gap}2`);
    const word = pick(
      this.#random,
      list.filter((each) => each !== other),
    );
    this.#words.set(gap, word);
    return word;
  }
}

/** Words for the people and the object of a story. */
function wordsFor(
  [a, b]: readonly [Person, Person],
  object: string,
  colour: string,
  other: string,
  plot: Plot,
  treat: string,
) {
  const [he, him, his] = a.isGirl ? ["she", "her", "her"] : ["he", "him", "his"];
  const people = { A: a.name, a: a.kind, B: b.name, b: b.kind, he, him, his, He: capital(he), His: capital(his) };
  const thing = plot.hasObject ? `the ${object}` : "the help";
  return {
    ...people,
    O: `${colour} ${object}`,
    o: object,
    colour,
    colour2: other,
    thing,
    treat: plot.hasObject ? thing : treat,
  };
}

/** What is shared in stories without an object. */
export const TREATS = ["a cake", "a snack"];

/** How likely each mood is. */
export const MOODS = { kind: 0.35, plain: 0.45, grumpy: 0.2 };

/** @param people whom it is about; made if not given. */
export function makeStory(random: Random, people: readonly [Person, Person] = makePeople(random)): Story {
  const plot = pick(random, plots);
  const [object, colour] = [pick(random, objects), pick(random, colours)];
  const other = pick(
    random,
    colours.filter((each) => each !== colour),
  );
  const words = wordsFor(people, object, colour, other, plot, pick(random, TREATS));
  const gaps = new Gaps(random, words);
  const draw = random();
  const mood = draw < MOODS.kind ? "kind" : draw < MOODS.kind + MOODS.plain ? "plain" : "grumpy";
  const steps = [introductions, ...plot.steps, endings[mood]];
  const text = steps.map((wordings) => gaps.fill(pick(random, wordings))).join(" ");
  const forms = [...plot.questions, ...peopleQuestions, ...(plot.hasObject ? objectQuestions : [])];
  const questions = forms.map(({ kind, question, answer }) => ({
    kind,
    question: gaps.fill(question),
    answer: gaps.fill(answer),
  }));
  const asked = plot.hasObject ? "{A} the {a}, {B} the {b} and a {O}" : "{A} the {a} and {B} the {b}";
  return {
    text,
    prompt: gaps.fill(`Tell a story about ${asked}.`),
    people: [people[0], people[1]],
    ...(plot.hasObject ? { object, colour } : {}),
    plot: plot.name,
    mood,
    questions,
  };
}
