/**
 * How likely a story is under the grammar, and how many nats a story has on average: no model's loss on stories can be
 * lower for long. A text is taken apart into the choices that make it; if several sets of choices do, they are summed.
 */
import { baseOf, type Filled, gapsOf, natsOfFilled, natsOfMood, stepsOf, wordsOf } from "./choices.ts";
import { endings, type Plot } from "./plot-forms.ts";
import { plots } from "./plots.ts";
import { ANIMAL, type Story } from "./story.ts";
import { animals, boys, colours, girls, objects } from "./words.ts";

const moods = Object.keys(endings) as Story["mood"][];

/** "an orange cup" is "a orange cup", as it stands in the grammar. */
function withoutArticles(text: string): string {
  return text.replace(/\b([Aa])n (?=[aeiou])/g, "$1 ");
}

/** What a pronoun's gap is, for the main character that is filled in. */
function pronounOf(gap: string, filled: Filled): string | undefined {
  const forms = girls.includes(filled.get("A") ?? "") ? ["she", "her", "her"] : ["he", "him", "his"];
  const at = ["he", "him", "his"].indexOf(gap.toLowerCase());
  if (at < 0) return undefined;
  return gap === gap.toLowerCase() ? forms[at] : forms[at][0].toUpperCase() + forms[at].slice(1);
}

/** Words that may stand in a gap. */
function candidatesOf(gap: string, filled: Filled): readonly string[] {
  const known = filled.get(gap) ?? pronounOf(gap, filled);
  if (known !== undefined) return [known];
  const others = [gap === "B" ? "A" : "", gap === baseOf(gap) ? `${gap}2` : baseOf(gap)].map((each) =>
    filled.get(each),
  );
  return wordsOf(gap).filter((word) => !others.includes(word));
}

/** Every way in which a wording can be read from a place in a text: what fills its gaps, and where it ends. */
function* readings(wording: string, text: string, at: number, filled: Filled): Generator<[number, Filled]> {
  const gap = /\{(\w+)\}/.exec(wording);
  const literal = gap ? wording.slice(0, gap.index) : wording;
  if (!text.startsWith(literal, at)) return;
  if (!gap) {
    yield [at + literal.length, filled];
    return;
  }
  const from = at + literal.length;
  const rest = wording.slice(gap.index + gap[0].length);
  for (const word of candidatesOf(gap[1], filled)) {
    const shown = withoutArticles(word);
    if (!text.startsWith(shown, from)) continue;
    const isPronoun = pronounOf(gap[1], filled) !== undefined;
    yield* readings(rest, text, from + shown.length, isPronoun ? filled : new Map(filled).set(gap[1], word));
  }
}

/** A wording as it is read in a text, and the nats of its being chosen. */
interface Weighed {
  readonly wording: string;
  readonly nats: number;
}

/** Nats of the choices of every way to read the steps from a place on. */
function* natsOfSteps(
  steps: readonly (readonly Weighed[])[],
  text: string,
  at: number,
  filled: Filled,
): Generator<number> {
  if (steps.length === 0) {
    if (at === text.length + 1) yield natsOfFilled(filled); // after a blank that would follow
    return;
  }
  const [wordings, ...rest] = steps;
  for (const { wording, nats: own } of wordings) {
    for (const [end, more] of readings(wording, text, at, filled)) {
      if (end < text.length && text[end] !== " ") continue;
      for (const nats of natsOfSteps(rest, text, end + 1, more)) yield nats + own;
    }
  }
}

/** Steps of a plot for reading; the last holds the endings of all moods. */
function readSteps(plot: Plot): Weighed[][] {
  const weigh = (wordings: readonly string[], more: number): Weighed[] =>
    wordings.map((wording) => ({ wording: withoutArticles(wording), nats: Math.log(wordings.length) + more }));
  const last = moods.flatMap((mood) => weigh(stepsOf(plot, mood).at(-1) ?? [], natsOfMood(mood)));
  const others = stepsOf(plot, moods[0]).slice(0, -1);
  return [...others.map((wordings) => weigh(wordings, 0)), last];
}

const stepsByPlot = plots.map(readSteps);

/** Nats of each set of choices that makes a text; none if the grammar cannot make it. */
export function derivationsOf(text: string): number[] {
  const plain = withoutArticles(text);
  const found = stepsByPlot.flatMap((steps) => [...natsOfSteps(steps, plain, 0, new Map())]);
  return found.filter(Number.isFinite).map((nats) => nats + Math.log(plots.length));
}

/** Natural logarithm of the probability that the generator makes exactly this text; -Infinity if it never does. */
export function storyLogProbability(text: string): number {
  return Math.log(derivationsOf(text).reduce((sum, nats) => sum + Math.exp(-nats), 0));
}

function entropyOf(probabilities: readonly number[]): number {
  return probabilities.reduce((sum, p) => sum - p * Math.log(p), 0);
}

/** Nats of two people: names are told apart by girl and boy, and kinds may follow from them. */
function natsOfPeople(): number {
  const [g, b] = [girls.length, boys.length];
  const first = Math.LN2 + (Math.log(g) + Math.log(b)) / 2;
  const second = Math.LN2 + (Math.log(g) + Math.log(g - 1) + Math.log(b) + Math.log(b - 1)) / 4;
  const kind = entropyOf([1 - ANIMAL, ...animals.map(() => ANIMAL / animals.length)]);
  return first + second + 2 * kind;
}

/** Nats of the fillers of a plot on average: a gap costs as often as some step shows it. */
function natsOfGaps(steps: readonly (readonly string[])[]): number {
  const hidden = (...gaps: string[]): number =>
    steps.reduce((p, wordings) => {
      const without = wordings.filter((wording) => !gapsOf(wording).some((gap) => gaps.includes(gap)));
      return (p * without.length) / wordings.length;
    }, 1);
  const people = ["A", "B", "a", "b"];
  const bases = new Set(steps.flat().flatMap(gapsOf).map(baseOf));
  let nats = 0;
  for (const base of bases) {
    const count = people.includes(base) ? 0 : wordsOf(base).length;
    if (count === 0) continue;
    const neither = hidden(base, `${base}2`);
    const both = 1 - hidden(base) - hidden(`${base}2`) + neither;
    nats += (1 - neither) * Math.log(count) + both * Math.log(count - 1);
  }
  return nats;
}

function natsOfPlot(plot: Plot): number {
  return moods.reduce((sum, mood) => {
    const steps = stepsOf(plot, mood);
    const wordings = steps.reduce((nats, { length }) => nats + Math.log(length), 0);
    return sum + Math.exp(-natsOfMood(mood)) * (natsOfMood(mood) + wordings + natsOfGaps(steps));
  }, 0);
}

/**
 * Nats of a story on average, exactly, by the tables alone: `story` for one that is told unasked, `prompted` for one
 * whose prompt is read before, which tells the people and the object. As every text is made by one set of choices, this
 * is the entropy of stories, and the lowest loss that a model can reach, summed over a story's tokens.
 */
export function storyEntropy(): { story: number; prompted: number } {
  const story =
    Math.log(plots.length) + natsOfPeople() + plots.reduce((sum, plot) => sum + natsOfPlot(plot), 0) / plots.length;
  const share = plots.filter(({ hasObject }) => hasObject).length / plots.length;
  const object = entropyOf([share, 1 - share]) + share * (Math.log(objects.length) + Math.log(colours.length));
  return { story, prompted: story - natsOfPeople() - object };
}
