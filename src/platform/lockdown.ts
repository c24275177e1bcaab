/**
 * A realm whose built-ins nobody can change, and in which no string can be run as code: for threads in which
 * a program runs that is to be judged. What its runner and the library rely on stays what it is, ranks
 * of one thread have no place to leave each other word, and no way leads to the global object.
 * What errors and functions inherit can still be shadowed by an own property, as `error.name = …` does
 * (that a frozen property of a prototype forbids this is known as the override mistake).
 */

/** Prototypes below which programs assign what these hold. */
const shadowed: readonly object[] = [
  Object,
  Function,
  Error,
  AggregateError,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
].map(({ prototype }) => prototype as object);

/** Constructors of functions from text, which no name leads to but every function. */
const makers: readonly object[] = [() => {}, async () => {}, function* () {}, async function* () {}].map(
  (each) => Object.getPrototypeOf(each) as object,
);

/** What a console prints with. */
const prints = ["log", "info", "debug", "warn", "error", "table", "dir", "assert", "time", "timeEnd"] as const;

/** Mark of a realm that is locked. */
const LOCKED = Symbol("locked");

/** Frames of a stack in a locked realm: deep enough to reach the program from inside the library. */
const DEPTH = 40;

/** Locks the realm of the calling thread; once is enough. */
export function lockdown(options: { console?: "left open" } = {}): void {
  if (Object.hasOwn(globalThis, LOCKED)) return;
  Object.defineProperty(globalThis, LOCKED, { value: true });
  if (!options.console) plainConsole();
  Object.preventExtensions(performance);
  for (const prototype of makers) {
    Object.defineProperty(prototype, "constructor", { value: noCode, writable: false, configurable: false });
  }
  const done = new Set<object>([globalThis]);
  for (const prototype of shadowed) letShadow(prototype);
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    if (leftOpen.has(name) || (name === "console" && options.console)) continue;
    const value = Object.getOwnPropertyDescriptor(globalThis, name)?.value as unknown;
    if (isObject(value)) freezeAll(value, done);
  }
  for (const each of hidden()) freezeAll(each, done);
  lockError();
}

/** Globals that are no built-ins: what a thread works with, and changes. */
const leftOpen: ReadonlySet<string> = new Set(["globalThis", "global", "self", "process", "performance", "navigator"]);

function noCode(): never {
  throw new EvalError("Strings cannot be run as code here.");
}

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** Built-ins without a name. */
function hidden(): object[] {
  const iterators = [
    [][Symbol.iterator](),
    new Map().entries(),
    new Set().values(),
    ""[Symbol.iterator](),
    "".matchAll(/x/g),
  ];
  const protos = [...iterators, (function* () {})(), (async function* () {})()].flatMap(chainOf);
  return [...protos, ...makers, Object.getPrototypeOf(Int32Array) as object];
}

/** What an object inherits from. */
function chainOf(object: object): object[] {
  const next: unknown = Object.getPrototypeOf(object);
  return isObject(next) ? [next, ...chainOf(next)] : [];
}

/** Freezes an object, what it holds, and what it inherits from. */
export function freezeAll(object: object, done: Set<object> = new Set()): void {
  if (object === Error || done.has(object) || ArrayBuffer.isView(object)) return;
  done.add(object);
  Object.freeze(object);
  for (const key of Reflect.ownKeys(object)) {
    const { value, get, set } = Reflect.getOwnPropertyDescriptor(object, key) as PropertyDescriptor;
    for (const part of [value, get, set] as unknown[]) if (isObject(part)) freezeAll(part, done);
  }
  const proto: unknown = Object.getPrototypeOf(object);
  if (isObject(proto)) freezeAll(proto, done);
}

/** Makes accessors of what a prototype holds, so that to assign it makes an own property. */
function letShadow(prototype: object): void {
  for (const key of Reflect.ownKeys(prototype)) {
    const { value, writable, configurable, enumerable } = Reflect.getOwnPropertyDescriptor(
      prototype,
      key,
    ) as PropertyDescriptor;
    if (!writable || !configurable) continue;
    Object.defineProperty(prototype, key, {
      enumerable,
      configurable: false,
      get: () => value as unknown,
      set(this: unknown, own: unknown) {
        if (this === prototype) throw new TypeError(`${String(key)} of a built-in cannot be changed here.`);
        if (!isObject(this)) return;
        Object.defineProperty(this, key, { value: own, writable: true, enumerable: true, configurable: true });
      },
    });
  }
}

/** `Error` itself: how stacks are made, and how long they are, is a word that one rank could leave another, too. */
function lockError(): void {
  Error.stackTraceLimit = DEPTH;
  Object.defineProperty(Error, "prepareStackTrace", { value: undefined, writable: false, configurable: false });
  for (const key of Reflect.ownKeys(Error)) {
    Object.defineProperty(Error, key, { configurable: false, ...(isData(key) ? { writable: false } : {}) });
  }
  Object.preventExtensions(Error);
}

function isData(key: PropertyKey): boolean {
  return "value" in (Reflect.getOwnPropertyDescriptor(Error, key) as PropertyDescriptor);
}

/** The engine's console leads to the streams it prints to, and through them to whoever started the thread. */
function plainConsole(): void {
  const real = globalThis.console;
  const print = (name: (typeof prints)[number]) => real[name].bind(real) as (...values: unknown[]) => void;
  const plain = Object.fromEntries(prints.map((name) => [name, print(name)]));
  Object.defineProperty(globalThis, "console", { value: Object.freeze(plain), writable: false, configurable: false });
}
