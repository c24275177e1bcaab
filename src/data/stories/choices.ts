/**
 * The choices that a story shows: its plot, its mood, a wording of each step, and what fills each gap. Gaps that are
 * made of others are taken apart here, so that each gap that is left is one choice with a probability of its own.
 */
import { endings, introductions, type Plot } from "./plot-forms.ts";
import { ANIMAL, MOODS, type Story, TREATS } from "./story.ts";
import { animals, boys, colours, fillers, type Gap, girls, objects } from "./words.ts";

/** What fills the gaps of a story, by the gap's name. */
export type Filled = ReadonlyMap<string, string>;

/** Steps of a story, each in its wordings, with compound gaps taken apart. */
export function stepsOf(plot: Plot, mood: Story["mood"]): string[][] {
  const thing = plot.hasObject ? "the {o}" : "the help";
  const treat = plot.hasObject ? thing : "{treat}";
  const apart = (wording: string): string =>
    wording.replaceAll("{thing}", thing).replaceAll("{treat}", treat).replaceAll("{O}", "{colour} {o}");
  return [introductions, ...plot.steps, endings[mood]].map((wordings) => wordings.map(apart));
}

/** Names of the gaps in a wording. */
export function gapsOf(wording: string): string[] {
  return [...wording.matchAll(/\{(\w+)\}/g)].map(([, gap]) => gap);
}

/** The list of words behind a gap; pronouns have none, as they follow from the main character. */
export function wordsOf(gap: string): readonly string[] {
  if (gap === "A" || gap === "B") return [...girls, ...boys];
  if (gap === "a" || gap === "b") return [...animals, "girl", "boy"];
  if (gap === "o") return objects;
  if (gap === "colour") return colours;
  if (gap === "treat") return TREATS;
  return fillers[baseOf(gap) as Gap] ?? [];
}

/** Two gaps of one list, as `hide` and `hide2`, are never filled alike. */
export function baseOf(gap: string): string {
  return gap.replace(/2$/, "");
}

/** Gaps that are filled from a plain list. */
function isPlain(gap: string): boolean {
  return gap === "o" || gap === "colour" || gap === "treat" || baseOf(gap) in fillers;
}

/** Nats of what fills the gaps; those that a story does not show cost nothing. Infinity where it cannot be. */
export function natsOfFilled(filled: Filled): number {
  let nats = 0;
  for (const gap of filled.keys()) {
    if (!isPlain(gap)) continue;
    const isSecond = gap !== baseOf(gap) && filled.has(baseOf(gap));
    nats += Math.log(wordsOf(gap).length - (isSecond ? 1 : 0));
  }
  const [A, B] = [filled.get("A"), filled.get("B")];
  const isGirl = (name = ""): boolean => girls.includes(name);
  if (A !== undefined) nats += Math.LN2 + Math.log((isGirl(A) ? girls : boys).length);
  if (B !== undefined) {
    const list = isGirl(B) ? girls : boys;
    nats += Math.LN2 + Math.log(list.length - (A !== undefined && isGirl(A) === isGirl(B) ? 1 : 0));
  }
  for (const [name, kind] of [
    [A, filled.get("a")],
    [B, filled.get("b")],
  ]) {
    if (kind === undefined) continue;
    if (animals.includes(kind)) nats -= Math.log(ANIMAL / animals.length);
    else nats += name !== undefined && isGirl(name) === (kind === "girl") ? -Math.log(1 - ANIMAL) : Infinity;
  }
  return nats;
}

/** Nats of a mood. */
export function natsOfMood(mood: Story["mood"]): number {
  return -Math.log(MOODS[mood]);
}
