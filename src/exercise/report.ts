/**
 * What an answer returns, on its way to the judge. Answers return anything: a tensor, a promise that
 * nobody awaited, NaN, nothing, a function, an object with a getter that throws. JSON would lose what
 * it was; here it arrives as what it is, or as words for it.
 */
import { Tensor } from "../tensor/index.ts";
import { Wrong } from "./outcome.ts";

/** What no answer should return, in words: `a Promise`. */
export class Odd {
  /** Known by this, also to an exercise that was compiled against another copy of this file. */
  readonly isOdd = true;
  /** `a Promise` */
  readonly words: string;

  constructor(words: string) {
    this.words = words;
  }

  /** The words. */
  toString(): string {
    return this.words;
  }

  /** The words. */
  toJSON(): string {
    return this.words;
  }
}

/** Whether a value came as words for what it was. */
export function isOdd(value: unknown): value is Odd {
  return typeof value === "object" && value !== null && (value as Partial<Odd>).isOdd === true;
}

/** Entries of a list or an object that travel; an exercise needs far fewer. */
const MOST = 10_000;
/** Objects within objects that travel. */
const DEEPEST = 12;
/** Characters of a string that travel. */
const LONGEST = 100_000;

/** What JSON can carry; `$` marks what it could not. */
type Packed = null | boolean | string | number | Packed[] | { [name: string]: Packed };

// Taken before an answer's code runs, which may change them.
const { isArray } = Array;
const { is, create, getPrototypeOf, prototype: plain } = Object;
const { ownKeys, get } = Reflect;

/** Packs what an answer returned. Never throws; a part that does when it is looked at spoils no other. */
export function packReport(value: unknown): Packed {
  return packPart(value, 0);
}

function packPart(value: unknown, depth: number): Packed {
  try {
    return pack(value, depth);
  } catch (error) {
    return thrower(error);
  }
}

function thrower(error: unknown): Packed {
  return odd(`something that throws when it is looked at (${wordsOf(error)})`);
}

function wordsOf(error: unknown): string {
  try {
    return String((error as Error)?.message ?? error).slice(0, 200);
  } catch {
    return "and so does its error";
  }
}

function pack(value: unknown, depth: number): Packed {
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "string") return value.length <= LONGEST ? value : odd(`a string of ${value.length} characters`);
  if (typeof value === "number") {
    return Number.isFinite(value) && !is(value, -0) ? value : { $: "number", value: is(value, -0) ? "-0" : `${value}` };
  }
  if (value === undefined) return { $: "undefined" };
  if (typeof value === "bigint") return odd(`the bigint ${value}n`);
  if (typeof value === "symbol" || typeof value === "function") return odd(`a ${typeof value}`);
  if (isOdd(value)) return odd(String(value.words));
  if (value instanceof Tensor) return odd(`a Tensor (${value.dtype}[${value.shape}])`);
  if (value instanceof Promise || typeof (value as PromiseLike<unknown>).then === "function") return odd("a Promise");
  if (depth === DEEPEST) return odd(`an object with more than ${DEEPEST} levels`);
  if (isArray(value)) {
    if (value.length > MOST) return odd(`a list of ${value.length}`);
    const list: Packed[] = [];
    for (let i = 0; i < value.length; i++) list[i] = packPart(value[i], depth + 1);
    return list;
  }
  if (ArrayBuffer.isView(value)) return odd(`a ${value.constructor?.name ?? "typed array"}`);
  const proto: unknown = getPrototypeOf(value);
  if (proto !== null && proto !== plain) return odd(nameOf(value));
  const keys = ownKeys(value).filter((key) => typeof key === "string");
  if (keys.length > MOST) return odd(`an object of ${keys.length} fields`);
  const packed = create(null) as { [name: string]: Packed }; // else "__proto__" would be more than a name
  for (const key of keys) packed[key.startsWith("$") ? `$${key}` : key] = packField(value, key, depth + 1);
  return packed;
}

function packField(object: object, key: string, depth: number): Packed {
  try {
    return packPart(get(object, key), depth);
  } catch (error) {
    return thrower(error);
  }
}

/** `a Map` */
function nameOf(value: object): string {
  const name: unknown = value.constructor?.name;
  const known = typeof name === "string" && /^[A-Za-z]\w{0,40}$/.test(name) ? name : "object of a class";
  return `${/^[AEIOaeio]/.test(known) ? "an" : "a"} ${known}`;
}

function odd(words: string): Packed {
  return { $: "odd", words };
}

/** What was packed, as it was: NaN, -0 and undefined are themselves, and all else that is odd an Odd. */
export function unpackReport(packed: unknown): unknown {
  if (packed === null || typeof packed !== "object") return packed;
  if (isArray(packed)) return packed.map(unpackReport);
  const { $: kind, ...fields } = packed as Record<string, unknown>;
  if (kind === "number") return Number(fields.value);
  if (kind === "undefined") return undefined;
  if (kind === "odd") return new Odd(String(fields.words));
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name.startsWith("$") ? name.slice(1) : name, unpackReport(value)]),
  );
}

/** What an answer gave, as its judge will see it: looked at once, now, and harmless from then on. */
export function plainOf(value: unknown): unknown {
  return unpackReport(packReport(value));
}

/** What a value should be: its type, a list of such, an object with such fields, or one of several. */
export type Form =
  | "number"
  | "string"
  | "boolean"
  | "undefined"
  | readonly [Form]
  | { readonly [field: string]: Form }
  | { readonly either: readonly Form[] };

/**
 * A value that an answer gave, of which this form is expected.
 * @param what begins the message: `rank 1: identity(env)`.
 * @throws Wrong that says what it is instead, and what may be the reason.
 */
export function formed<T>(value: unknown, form: Form, what: string): T {
  return part(value, form, what, true);
}

function part<T>(value: unknown, form: Form, what: string, whole = false): T {
  if (typeof form === "string") {
    if (typeof value === form) return value as T;
  } else if (isArray(form)) {
    if (isArray(value)) {
      value.forEach((each, i) => void part(each, (form as readonly [Form])[0], `${what}[${i}]`));
      return value as T;
    }
  } else if ("either" in form) {
    const fits = (each: Form): boolean => {
      try {
        part(value, each, what);
        return true;
      } catch {
        return false;
      }
    };
    if ((form.either as readonly Form[]).some(fits)) return value as T;
  } else if (typeof value === "object" && value !== null && !isArray(value) && !isOdd(value)) {
    for (const [name, each] of Object.entries(form)) {
      if (!(name in value) && each !== "undefined") {
        throw new Wrong("what it returns", `${what} has no ${name}; it should be ${wordsOfForm(each)}.`);
      }
      part((value as Record<string, unknown>)[name], each, `${what}.${name}`);
    }
    return value as T;
  }
  throw new Wrong(
    "what it returns",
    `${what} is ${wordsOfValue(value)}; it should be ${wordsOfForm(form)}.${hintFor(value, form, whole)}`,
  );
}

/** What a value is, for a message: `NaN`, `nothing (undefined)`, `the string "3"`, `a Promise`, `the list [NaN, 1]`. */
export function wordsOfValue(value: unknown): string {
  if (value === undefined) return "nothing (undefined)";
  if (typeof value === "string") return `the string ${textOf(value)}`;
  if (!isArray(value)) return textOf(value);
  return value.length > 8 ? `a list of ${value.length}` : `the list ${cut(textOf(value))}`;
}

/** As a program has it, what is odd in words: `{ rank: NaN, names: [a Promise] }`. */
function textOf(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (isOdd(value)) return value.words;
  if (typeof value !== "object" || value === null) return is(value, -0) ? "-0" : String(value);
  if (isArray(value)) return `[${value.slice(0, 20).map(textOf).join(", ")}${value.length > 20 ? ", …" : ""}]`;
  const fields = Object.entries(value).map(([name, each]) => `${name}: ${textOf(each)}`);
  return fields.length === 0 ? "{}" : cut(`{ ${fields.slice(0, 20).join(", ")} }`);
}

function cut(text: string): string {
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}

function wordsOfForm(form: Form): string {
  if (typeof form === "string")
    return form === "string" ? "a string" : form === "undefined" ? "undefined" : `a ${form}`;
  if (isArray(form)) return `a list, each entry ${wordsOfForm((form as readonly [Form])[0])}`;
  if ("either" in form) return (form.either as readonly Form[]).map(wordsOfForm).join(" or ");
  return `an object with ${Object.keys(form).join(", ")}`;
}

/** What may be the reason. @param whole whether it is all that was returned, and no part of it. */
function hintFor(value: unknown, form: Form, whole: boolean): string {
  if (value === undefined) return whole ? " Is a return missing?" : "";
  if (typeof value === "string" && form === "number" && value.trim() !== "" && Number.isFinite(Number(value)))
    return " Return the number itself.";
  if (!isOdd(value)) return "";
  const { words } = value;
  // What an async function returns is awaited before it gets here.
  if (words === "a Promise")
    return whole ? " The function should return it at once: no async." : " Is an await missing?";
  if (words.startsWith("a Tensor")) {
    if (isArray(form)) return " Its numbers are await tensor.toArray().";
    return form === "number" ? " Its only number is await tensor.item()." : "";
  }
  if (words.endsWith("Array") && isArray(form)) return " [...array] makes a list of it.";
  return words.startsWith("the bigint") && form === "number" ? " Number(bigint) makes one of it." : "";
}
