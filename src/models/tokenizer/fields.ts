/**
 * Reading JSON that others wrote: every field is asked for by type, and what is wrong is said with its path.
 */

/** The largest file that is read: the largest known is below 40 MB. */
const MOST_BYTES = 128 * 1024 * 1024;

/** A JSON object of which nothing is known yet. */
export type Json = Readonly<Record<string, unknown>>;

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** An object of a file, which knows its path for messages: `tokenizer.json: model.vocab`. */
export class Fields {
  /** What comes before a field's name: `tokenizer.json: model.`. */
  readonly #path: string;
  readonly #object: Json;

  /** @param path what comes before a field's name in messages. */
  constructor(path: string, object: Json) {
    this.#path = path;
    this.#object = object;
  }

  /**
   * A file that holds one JSON object.
   * @throws RangeError for a file that is too large, not UTF-8, not JSON, or not an object.
   */
  static of(name: string, file: string | Uint8Array): Fields {
    if (file.length > MOST_BYTES)
      throw new RangeError(`${name} has ${file.length} bytes, more than the ${MOST_BYTES} that are read`);
    let value: unknown;
    try {
      value = JSON.parse(typeof file === "string" ? file : strict.decode(file));
    } catch (error) {
      throw new RangeError(`${name} is not JSON in UTF-8: ${(error as Error).message}`);
    }
    if (!isObject(value)) throw new RangeError(`${name} holds ${kindOf(value)}, expected an object`);
    return new Fields(`${name}: `, value);
  }

  /** The names of the fields. */
  get names(): readonly string[] {
    return Object.keys(this.#object);
  }

  /** A field as it is; undefined where there is none. */
  raw(name: string): unknown {
    return Object.hasOwn(this.#object, name) ? this.#object[name] : undefined;
  }

  /** Refuses a field. @throws RangeError always. */
  fail(name: string, problem: string): never {
    throw new RangeError(`${this.#path}${name} ${problem}`);
  }

  /** An object. @throws RangeError if it is missing or something else. */
  object(name: string): Fields {
    const value = this.raw(name);
    if (!isObject(value)) this.fail(name, `is ${kindOf(value)}, expected an object`);
    return new Fields(`${this.#path}${name}.`, value);
  }

  /** An object, or undefined where the field is null or missing. @throws RangeError if it is something else. */
  objectOrNull(name: string): Fields | undefined {
    return this.raw(name) == null ? undefined : this.object(name);
  }

  /** A list. @throws RangeError if it is missing or something else. */
  list(name: string): readonly unknown[] {
    const value = this.raw(name);
    if (!Array.isArray(value)) this.fail(name, `is ${kindOf(value)}, expected a list`);
    return value;
  }

  /** An entry of a list, as an object. @throws RangeError if it is something else. */
  entry(name: string, index: number): Fields {
    const value = this.list(name)[index];
    if (!isObject(value)) this.fail(`${name}[${index}]`, `is ${kindOf(value)}, expected an object`);
    return new Fields(`${this.#path}${name}[${index}].`, value);
  }

  /** A string. @throws RangeError if it is missing or something else. */
  text(name: string): string {
    const value = this.raw(name);
    if (typeof value !== "string") this.fail(name, `is ${kindOf(value)}, expected a string`);
    return value;
  }

  /** A boolean, or what stands for a missing or null one. @throws RangeError if it is something else. */
  flag(name: string, otherwise: boolean): boolean {
    const value = this.raw(name) ?? otherwise;
    if (typeof value !== "boolean") this.fail(name, `is ${kindOf(value)}, expected true or false`);
    return value;
  }
}

/** Whether a value of JSON is an object. */
export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What kind of value it is, for messages: `missing`, `null`, `a list`, `the number 3`, `the string "x"`. */
export function kindOf(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object") return "an object";
  if (typeof value === "number") return `the number ${value}`;
  const text = String(value);
  return `the string ${JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)}`;
}
