/** What a number in the text rests on. The register of a page (chapter01.ts, …) has one claim for each quote. */

/** Something outside this project that states what we state. */
export interface Source {
  readonly title: string;
  readonly year: number;
  readonly url: string;
  /** What it says, in its words where they are short. */
  readonly says: string;
}

/** What a number rests on. */
export type Backing =
  /** A command that prints it, run as it stands; every pattern must be found in what it prints, blanks and line ends alike. */
  | { readonly by: "command"; readonly run: string; readonly prints: readonly (string | RegExp)[] }
  /** A calculation from numbers that the text gives, or from the course's own programs or links on virtual time: by number as written, what comes out. */
  | {
      readonly by: "arithmetic" | "simulator" | "run";
      readonly gives: Readonly<Record<string, () => number | Promise<number>>>;
    }
  /** Others say so. */
  | {
      readonly by: "source";
      readonly sources: readonly Source[];
      readonly gives?: Readonly<Record<string, () => number>>;
    }
  /**
   * A time or a bandwidth that differs from machine to machine: the command that measures it is understood, and it, or
   * the program that it runs with small numbers, prints such a quantity.
   */
  | {
      readonly by: "measured";
      readonly run: string;
      readonly small?: string;
      readonly prints: readonly (string | RegExp)[];
      readonly where: string;
    }
  /** A number that the text itself chose: an example, a count of what stands on the page. */
  | { readonly by: "example"; readonly why: string };

/** A statement of a page, and what it rests on. */
export type Claim = { readonly says: string } & Backing;

/** All claims of a page. */
export interface Register {
  readonly page: string;
  readonly claims: readonly Claim[];
}

/** A number as a page writes it, as a number. */
export function numberIn(written: string): number {
  const [digits = ""] = /[\d.,]*\d/.exec(written) ?? [];
  const word = Object.keys(named).find((name) => new RegExp(`\\b${name}\\b`, "i").test(written));
  return digits === "" && word ? named[word] : Number(digits.replaceAll(",", ""));
}

/** Half of the last digit that a number is written with: `1.75` is right from 1.745 to 1.755; a tenth of `a third`. */
export function precisionOf(written: string): number {
  const [digits = ""] = /[\d.,]*\d/.exec(written) ?? [];
  if (digits === "" && numberIn(written) < 1) return numberIn(written) / 10;
  const [, fraction = ""] = digits.replaceAll(",", "").split(".");
  return 0.5 * 10 ** -fraction.length;
}

const named: Readonly<Record<string, number>> = {
  "sixty-four": 64,
  thousand: 1000,
  hundred: 100,
  twice: 2,
  twenty: 20,
  seventeen: 17,
  fourteen: 14,
  twelve: 12,
  eleven: 11,
  ten: 10,
  nine: 9,
  eight: 8,
  seven: 7,
  six: 6,
  five: 5,
  four: 4,
  three: 3,
  two: 2,
  one: 1,
  half: 0.5,
  third: 1 / 3,
  quarter: 0.25,
};
