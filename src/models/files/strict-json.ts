/**
 * JSON of files that nobody vouches for. `JSON.parse` takes a key twice (the last one wins, where another reader takes
 * the first) and rounds 9007199254740993 without a word; here both are refused, and every message has the position.
 */

/** What JSON can say. Objects have no prototype, so that a key `__proto__` is a key like others. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

/** An object of JSON. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** How deep lists and objects may lie in each other. */
const MOST_DEPTH = 64;

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What is read otherwise than by the standard. */
export interface StrictJsonOptions {
  /** Refuses -0 and numbers with a fraction or an exponent, as formats do whose numbers are all counts. */
  readonly wholeNumbers?: boolean;
}

/**
 * @param name what messages call the file.
 * @throws RangeError for what is not UTF-8 or not JSON; a key that comes twice in one object; a string with half of a
 *   surrogate pair; a whole number that float64 does not hold exactly; a number beyond float64; a depth above 64. With
 *   the character where it is.
 */
export function parseStrictJson(
  name: string,
  file: string | Uint8Array,
  { wholeNumbers = false }: StrictJsonOptions = {},
): JsonValue {
  let text: string;
  try {
    text = typeof file === "string" ? file : strict.decode(file);
  } catch {
    throw new RangeError(`${name} is not UTF-8, as JSON has to be.`);
  }
  return new Parser(name, text, wholeNumbers).whole();
}

class Parser {
  readonly #name: string;
  readonly #text: string;
  readonly #wholeNumbers: boolean;
  #at = 0;

  constructor(name: string, text: string, wholeNumbers: boolean) {
    this.#name = name;
    this.#text = text;
    this.#wholeNumbers = wholeNumbers;
  }

  whole(): JsonValue {
    const value = this.#value(0);
    if (this.#next() !== "") this.#unexpected("the end of the file");
    return value;
  }

  #value(depth: number): JsonValue {
    const start = this.#next();
    if (depth > MOST_DEPTH) this.#fail(`lies deeper than ${MOST_DEPTH} lists and objects`);
    if (start === "{") return this.#object(depth);
    if (start === "[") return this.#list(depth);
    if (start === '"') return this.#string();
    for (const [word, value] of words) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return value;
    }
    return this.#number();
  }

  #object(depth: number): JsonObject {
    const object: Record<string, JsonValue> = Object.create(null);
    this.#at++;
    if (this.#take("}")) return object;
    do {
      if (this.#next() !== '"') this.#unexpected("a key in quotes");
      const at = this.#at;
      const key = this.#string();
      if (key in object) this.#fail(`is the key ${shortened(key)} for the second time in one object`, at);
      if (!this.#take(":")) this.#unexpected('":"');
      object[key] = this.#value(depth + 1);
    } while (this.#take(","));
    if (!this.#take("}")) this.#unexpected('"," or "}"');
    return object;
  }

  #list(depth: number): JsonValue[] {
    const list: JsonValue[] = [];
    this.#at++;
    if (this.#take("]")) return list;
    do list.push(this.#value(depth + 1));
    while (this.#take(","));
    if (!this.#take("]")) this.#unexpected('"," or "]"');
    return list;
  }

  #string(): string {
    const start = this.#at;
    let end = start + 1;
    for (; this.#text[end] !== '"'; end++) {
      if (end >= this.#text.length) this.#fail("begins a string that does not end", start);
      if (this.#text[end] === "\\") end++;
    }
    this.#at = end + 1;
    let text: string;
    try {
      text = JSON.parse(this.#text.slice(start, this.#at));
    } catch {
      return this.#fail("begins a string with a control character or an unknown escape", start);
    }
    // As UTF-8 it would be another string, and two different names could become one.
    if (halfOfPair.test(text)) this.#fail("begins a string with half of a surrogate pair", start);
    return text;
  }

  #number(): number {
    number.lastIndex = this.#at;
    const match = number.exec(this.#text);
    if (!match) return this.#unexpected("a value");
    const [digits, fraction] = match;
    const value = Number(digits);
    const isWhole = fraction === "";
    if (this.#wholeNumbers && (!isWhole || Object.is(value, -0)))
      this.#fail(`is ${shortened(digits)}, expected a whole number in plain digits`);
    if (isWhole && !Number.isSafeInteger(value))
      this.#fail(`is the whole number ${shortened(digits)}; beyond 2^53 - 1 they are not exact`);
    if (!Number.isFinite(value)) this.#fail(`is ${shortened(digits)}, which is beyond float64`);
    this.#at += digits.length;
    return value;
  }

  /** The next character that is not space, "" at the end. */
  #next(): string {
    space.lastIndex = this.#at;
    space.exec(this.#text);
    this.#at = space.lastIndex;
    return this.#text[this.#at] ?? "";
  }

  #take(character: string): boolean {
    if (this.#next() !== character) return false;
    this.#at++;
    return true;
  }

  #unexpected(wanted: string): never {
    const character = this.#text.slice(this.#at, this.#at + 1);
    return this.#fail(`is ${character === "" ? "the end" : JSON.stringify(character)}, expected ${wanted}`);
  }

  #fail(problem: string, at = this.#at): never {
    throw new RangeError(`${this.#name} is not strict JSON: character ${at} ${problem}.`);
  }
}

const words: readonly (readonly [string, JsonValue])[] = [
  ["true", true],
  ["false", false],
  ["null", null],
];
const number = /-?(?:0|[1-9][0-9]*)((?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)/y;
const space = /[ \t\n\r]*/y;
const halfOfPair = /\p{Surrogate}/u;

function shortened(text: string): string {
  const short = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return /^-?[0-9]/.test(text) ? short : JSON.stringify(short);
}
