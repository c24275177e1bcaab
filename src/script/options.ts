/** Typed options of a script: each has a default, a meaning, and knows how to read text. */
import { kindOf, shown } from "../platform/words.ts";

export interface OptionSpec<T = unknown> {
  readonly type: "number" | "string" | "boolean" | "choice";
  readonly default: T;
  readonly about: string;
  readonly choices?: readonly string[];
  /** Turns the command line's text into a value. @throws RangeError with the reason. */
  parse(text: string): T;
}

/** The values that a set of options gives. */
export type Values<O extends Record<string, OptionSpec>> = {
  readonly [K in keyof O]: O[K] extends OptionSpec<infer T> ? T : never;
};

/** What numbers an option takes. */
export interface NumberRange {
  readonly min?: number;
  readonly max?: number;
  /** Refuses fractions. */
  readonly integer?: boolean;
}

/** A number. */
export function number(preset: number, about: string, range?: NumberRange): OptionSpec<number>;
/** A number that is undefined if nobody gives one: for a script that then chooses by itself, and says in `about` how. */
export function number(preset: undefined, about: string, range?: NumberRange): OptionSpec<number | undefined>;
export function number(
  preset: number | undefined,
  about: string,
  { min = -Infinity, max = Infinity, integer = false }: NumberRange = {},
): OptionSpec<number | undefined> {
  if (preset !== undefined) checkPreset("number", preset);
  return {
    type: "number",
    default: preset,
    about,
    parse(text) {
      const value = Number(text);
      if (text.trim() === "" || Number.isNaN(value)) throw new RangeError(`"${text}" is not a number`);
      if (integer && !Number.isInteger(value)) throw new RangeError(`${text} is not a whole number`);
      if (value < min || value > max) throw new RangeError(`${text} is not ${describeRange(min, max)}`);
      return value;
    },
  };
}

/** @throws TypeError for a preset of another type. */
function checkPreset(type: OptionSpec["type"], preset: unknown): void {
  if (typeof preset !== type) throw new TypeError(`The preset of a ${type} option is ${kindOf(preset)}.`);
}

function describeRange(min: number, max: number): string {
  if (min === -Infinity) return `at most ${max}`;
  return max === Infinity ? `at least ${min}` : `between ${min} and ${max}`;
}

/** Any text. */
export function string(preset: string, about: string): OptionSpec<string> {
  checkPreset("string", preset);
  return { type: "string", default: preset, about, parse: (text) => text };
}

const yes: readonly string[] = ["true", "yes", "on", "1"];
const no: readonly string[] = ["false", "no", "off", "0"];

/** A yes or no: `--flag`, `--flag no`, `--flag=FALSE`, `--flag 0`. */
export function boolean(preset: boolean, about: string): OptionSpec<boolean> {
  checkPreset("boolean", preset);
  return {
    type: "boolean",
    default: preset,
    about,
    parse(text) {
      const word = text.trim().toLowerCase();
      if (!yes.includes(word) && !no.includes(word)) throw new RangeError(`"${text}" is neither yes nor no`);
      return yes.includes(word);
    },
  };
}

/** One of a list of words. @throws TypeError for a preset that is none of them. */
export function choice<const C extends string>(preset: C, choices: readonly C[], about: string): OptionSpec<C> {
  if (!Array.isArray(choices) || !choices.includes(preset)) {
    throw new TypeError(`The preset ${shown(preset)} of a choice is not one of its words: ${choices}.`);
  }
  return {
    type: "choice",
    default: preset,
    about,
    choices,
    parse(text) {
      if (!choices.includes(text as C)) throw new RangeError(`"${text}" is not one of ${choices.join(", ")}`);
      return text as C;
    },
  };
}

/** Defaults, overridden by what was given. */
export function valuesOf(
  specs: Record<string, OptionSpec>,
  given: Record<string, unknown> = {},
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, given[name] ?? spec.default]));
}
