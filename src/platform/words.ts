/**
 * Words and values from programs whose types nobody checked: the nearest word to one that does
 * not exist, and what to call a value that is not what was asked for.
 */

/** Edits (insert, delete, replace, swap neighbours) that make one word of another. */
export function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j], before[j - 2] + 1);
    }
    before = last;
    last = row;
  }
  return last[b.length];
}

/** Letters that count: neither case nor hyphens are what a word differs by. */
function plain(word: string): string {
  return word.slice(0, 64).toLowerCase().replace(/[-_ ]/g, "");
}

/** ` Did you mean mean?` with a space before it, or nothing when no word is near. @param others words of other systems. */
function suggestion(word: unknown, words: readonly string[], others: Readonly<Record<string, string>>): string {
  if (typeof word !== "string" || word === "") return "";
  const typed = plain(word);
  let nearest: string | undefined = Object.hasOwn(others, typed) ? others[typed] : undefined;
  let least = Math.max(1, Math.floor(typed.length / 3)) + 0.5;
  for (const candidate of nearest ? [] : words) {
    const known = plain(candidate);
    const edits = known.length > 2 && typed.includes(known) ? 0.5 : distance(typed, known);
    if (edits < least) [nearest, least] = [candidate, edits];
  }
  return nearest ? ` Did you mean ${nearest}?` : "";
}

/**
 * `operator "avg"; the operators are sum, mean, min. Did you mean mean?`: for the end of a sentence.
 * @param others words of other systems, in lower case and without hyphens, and what they are called here.
 */
export function unknownWord(
  what: string,
  word: unknown,
  words: readonly string[],
  others: Readonly<Record<string, string>> = {},
): string {
  return `${what} ${shown(word)}; the ${what}s are ${words.join(", ")}.${suggestion(word, words, others)}`;
}

/** A value as a message shows it: a word in quotes, a number as it is, of anything else its kind. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (value === null || typeof value === "number" || typeof value === "boolean") return String(value);
  return kindOf(value);
}

/** What kind of value this is: `undefined`, `the string "a"`, `a Float32Array`, `an array`, `a Promise`. */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (typeof value === "function") return "a function";
  if (typeof value === "symbol") return "a symbol";
  if (typeof value !== "object") return `the ${typeof value} ${shown(value)}`;
  if (Array.isArray(value)) return "an array";
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  if (typeof name !== "string" || name === "" || name === "Object") return "an object";
  return `${/^[AEIOU]/.test(name) ? "an" : "a"} ${name}`;
}

/** Whether a value has to be awaited. */
export function isPromise(value: unknown): boolean {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}
