/** The rules of stories, on any text: what a model that tells one is measured by. Each rule is one function. */
import { endings, introductions } from "./plot-forms.ts";
import { plots } from "./plots.ts";
import { animals, boys, children, colours, fillers, girls, objects } from "./words.ts";

/** A verdict for each rule that applies; `all` is their conjunction. */
export type StoryVerdict = Readonly<Record<string, boolean>> & { readonly all: boolean };

const any = (words: readonly string[]): string => words.join("|");
const NAME = any([...girls, ...boys]);
const KIND = any([...animals, ...children]);

/** Words that stories write with a capital and that are no names. A capital anywhere else is a name that is made up. */
const capitals: ReadonlySet<string> = new Set([
  ...["He", "She", "His", "Her"],
  ...[
    ...introductions,
    ...plots.flatMap(({ steps }) => steps.flat()),
    ...Object.values(endings).flat(),
    ...fillers.day,
  ].flatMap((wording) => wording.replace(/\{\w+\}/g, "").match(/\b[A-Z]\w*/g) ?? []),
]);

function every(text: string, pattern: RegExp): RegExpMatchArray[] {
  return [...text.matchAll(pattern)];
}

/** Sentences; what is said in quotes belongs to the sentence around it. */
export function sentencesOf(text: string): string[] {
  const pieces = text.match(/"[^"]*"[^".!?]*[.!?]?|[^".!?]+[.!?]?/g) ?? [];
  return pieces.map((piece) => piece.trim()).filter((piece) => piece !== "");
}

/** How a text uses a name: the kinds it is given, and whether the first of its uses introduces it. */
interface Named {
  readonly kinds: ReadonlySet<string>;
  readonly isIntroduced: boolean;
}

function peopleOf(text: string): Map<string, Named> {
  const found = new Map<string, Named>();
  for (const [name] of every(text, new RegExp(`\\b(?:${NAME})\\b`, "g"))) {
    if (found.has(name)) continue;
    const forms = [
      new RegExp(`\\b${name} the (${KIND})\\b`, "g"),
      new RegExp(`\\b(${KIND}) (?:named|called) ${name}\\b`, "g"),
      new RegExp(`\\b${name} was an? (?:\\w+ )?(${KIND})\\b`, "g"),
    ];
    const uses = forms.flatMap((form) => every(text, form));
    const first = text.search(new RegExp(`\\b${name}\\b`));
    const isIntroduced = uses.some((use) => (use.index ?? 0) <= first && first < (use.index ?? 0) + use[0].length);
    found.set(name, { kinds: new Set(uses.map(([, kind]) => kind)), isIntroduced });
  }
  return found;
}

/** What a prompt asks for. */
function askedFor(prompt: string): { people: Map<string, string>; object?: string; colour?: string } {
  const people = new Map(
    every(prompt, new RegExp(`\\b(${NAME}) the (${KIND})\\b`, "g")).map(([, name, kind]) => [name, kind]),
  );
  const [thing] = every(prompt, new RegExp(`\\b(${any(colours)}) (${any(objects)})\\b`, "g"));
  return { people, ...(thing ? { colour: thing[1], object: thing[2] } : {}) };
}

/**
 * @param prompt what was asked for, if anything: its people, object and colour have to be kept.
 * @returns of each rule whether it holds. Rules about an object apply where there is one.
 */
export function checkStory(text: string, prompt?: string): StoryVerdict {
  const sentences = sentencesOf(text);
  const people = peopleOf(text);
  const names = [...people.keys()];
  const isMadeUp = (word: string): boolean => !people.has(word) && !capitals.has(word);
  const madeUp = every(text, /\b[A-Z]\w*/g).filter(([word]) => isMadeUp(word));
  const end = sentences.slice(-2).join(" ");
  const asked = prompt === undefined ? undefined : askedFor(prompt);
  const main = asked ? [...asked.people.keys()][0] : names[0];
  // Stories say he and she of the main character only, so that it is always clear who is meant.
  const wrongPronoun = girls.includes(main ?? "") ? /\b(?:he|him|his)\b/i : /\b(?:she|hers?)\b/i;
  const things = every(text, new RegExp(`\\b(?:${any(objects)})\\b`, "g")).map(([thing]) => thing);
  const shades = [
    new RegExp(`\\b(${any(colours)}) (?:${any(objects)})\\b`, "g"),
    new RegExp(`\\b(?:${any(objects)}) (?:was|is) (${any(colours)})\\b`, "g"),
  ].flatMap((form) => every(text, form).map(([, shade]) => shade));
  const kindsOf = (name: string): string[] => [...(people.get(name)?.kinds ?? [])];
  const given = new Set(names.flatMap(kindsOf)); // a fox that nobody is has come from nowhere
  const rules: Record<string, boolean> = {
    "five sentences or more": sentences.length >= 5,
    "ends with a whole sentence": /[.!?]"?$/.test(text.trim()),
    "main character in the last two sentences": main !== undefined && new RegExp(`\\b${main}\\b`).test(end),
    "no name that was not introduced": madeUp.length === 0 && names.every((name) => people.get(name)?.isIntroduced),
    "kinds stay":
      names.every((name) => kindsOf(name).length === 1) &&
      every(text, new RegExp(`\\b(?:${KIND})\\b`, "gi")).every(([kind]) => given.has(kind.toLowerCase())),
    "girls and boys as named": names.every((name) =>
      kindsOf(name).every(
        (kind) => !(kind === "girl" && boys.includes(name)) && !(kind === "boy" && girls.includes(name)),
      ),
    ),
    "pronouns as named": !wrongPronoun.test(text),
  };
  if (things.length > 0) {
    rules["one object"] = new Set(things).size === 1;
    rules["its color stays"] = new Set(shades).size <= 1;
  }
  if (asked) {
    rules["people as asked"] = [...asked.people].every(([name, kind]) => people.get(name)?.kinds.has(kind));
    rules["nobody else"] = names.every((name) => asked.people.has(name));
    if (asked.object !== undefined) {
      rules["object as asked"] = things.length > 0 && things.every((thing) => thing === asked.object);
      rules["color as asked"] = shades.length > 0 && shades.every((shade) => shade === asked.colour);
    }
  }
  return { ...rules, all: Object.values(rules).every(Boolean) };
}

/** Share of stories that keep each rule, among those that it applies to. */
export function ruleRates(verdicts: readonly StoryVerdict[]): Record<string, number> {
  const rules = new Set(verdicts.flatMap((verdict) => Object.keys(verdict)));
  return Object.fromEntries(
    [...rules].map((rule) => {
      const applies = verdicts.filter((verdict) => rule in verdict);
      return [rule, applies.filter((verdict) => verdict[rule]).length / applies.length];
    }),
  );
}
