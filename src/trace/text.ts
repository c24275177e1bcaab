/**
 * Words for values of any kind and strings of any length. What goes into a report is made
 * here, so it is bounded where it is made; nothing in this file throws.
 */

/** The text itself, or its beginning and how much was left out: `abc… (7,990,000 more characters)`. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const code = text.charCodeAt(most - 1);
  const end = code >= 0xd800 && code < 0xdc00 ? most - 1 : most; // both halves of a character, or none
  const more = text.length - end;
  return `${text.slice(0, end)}… (${more.toLocaleString("en")} more character${more === 1 ? "" : "s"})`;
}

/** Text in which what would move a cursor or colour a screen is seen, and not obeyed: `␛[31m`. */
export function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, (char) => {
    const code = char.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? "␡" : "�";
  });
}

/** The same for text that is drawn in lines of its own, in which nothing may go back to a line's beginning, either. */
export function visibleLines(text: string): string {
  return visible(text.replaceAll("\r\n", "\n")).replaceAll("\r", "␍");
}

/** Characters of a string within a value, entries of a list or an object, and levels that are shown. */
const STRING = 200;
const ENTRIES = 12;
const LEVELS = 3;
/** Characters of a value. */
const VALUE = 2000;

/** A value as text, such as `{ code: 7, list: [1, "two"] }`: total, bounded, and without calling getters. */
export function inspect(value: unknown): string {
  return cut(render(value, []), VALUE);
}

/** What `body` gives, or the other value if it throws. */
export function attempt<T>(body: () => T, otherwise: T): T {
  try {
    return body();
  } catch {
    return otherwise;
  }
}

/** Whether a value is an error, also one of another realm. */
export function isError(value: unknown): value is Error {
  return attempt(() => value instanceof Error || Object.prototype.toString.call(value) === "[object Error]", false);
}

/** Name and message of an error, as text whatever they are. */
export function wordsOf(error: Error): { readonly name: string; readonly message: string } {
  const name = attempt<unknown>(() => error.name, undefined);
  const message = attempt<unknown>(() => error.message, "(its message cannot be read)");
  return {
    name: typeof name === "string" && name !== "" ? cut(name, STRING) : "Error",
    message: typeof message === "string" ? message : message === undefined ? "" : inspect(message),
  };
}

function render(value: unknown, above: readonly object[]): string {
  return attempt(() => {
    if (typeof value === "string") return JSON.stringify(cut(value, STRING));
    if (typeof value === "bigint") return `${cut(String(value), STRING)}n`;
    if (typeof value === "function") return `function ${cut(String(value.name), STRING)}`.trimEnd();
    if (typeof value !== "object" || value === null) return cut(String(value), STRING);
    if (above.includes(value)) return "(circular)";
    return renderObject(value, [...above, value]);
  }, "(a value that cannot be read)");
}

function renderObject(value: object, above: readonly object[]): string {
  if (isError(value)) {
    const { name, message } = wordsOf(value);
    return cut(message ? `${name}: ${message}` : name, STRING);
  }
  if (value instanceof Date) return String(value);
  const deep = above.length > LEVELS;
  if (Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))) {
    const list = value as ArrayLike<unknown>;
    const name = Array.isArray(value) ? "" : `${value.constructor.name}(${list.length}) `;
    if (deep) return `${name}[…]`;
    const shown = Array.from({ length: Math.min(list.length, ENTRIES) }, (_, i) => render(list[i], above));
    return `${name}[${[...shown, ...rest(list.length)].join(", ")}]`;
  }
  if (value instanceof Map || value instanceof Set) {
    const name = `${value instanceof Map ? "Map" : "Set"}(${value.size}) `;
    if (deep) return `${name}{…}`;
    const shown: string[] = [];
    for (const entry of value) {
      if (shown.length === ENTRIES) break;
      const [key, item] = value instanceof Map ? (entry as [unknown, unknown]) : [undefined, entry];
      shown.push(value instanceof Map ? `${render(key, above)} => ${render(item, above)}` : render(item, above));
    }
    return `${name}{ ${[...shown, ...rest(value.size)].join(", ")} }`;
  }
  const made = attempt(() => Object.getPrototypeOf(value)?.constructor?.name as unknown, "");
  const name = typeof made === "string" && made !== "Object" && made !== "" ? `${cut(made, STRING)} ` : "";
  const keys = Object.keys(value);
  if (keys.length === 0) return `${name}{}`;
  if (deep) return `${name}{…}`;
  const shown = keys.slice(0, ENTRIES).map((key) => {
    const property = Object.getOwnPropertyDescriptor(value, key);
    const words = property?.get || property?.set ? "(getter)" : render(property?.value, above);
    return `${cut(key, STRING)}: ${words}`;
  });
  return `${name}{ ${[...shown, ...rest(keys.length)].join(", ")} }`;
}

function rest(count: number): string[] {
  return count > ENTRIES ? [`… ${(count - ENTRIES).toLocaleString("en")} more`] : [];
}
