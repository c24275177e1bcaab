/**
 * What a program can leave behind in a thread: globals, changed built-ins, listeners, words of the
 * environment, an exit code. What it cannot hide in are open handles and timers, since a thread is
 * only looked at when none would keep it alive.
 */

/** Built-ins whose properties, and those of whose prototypes, every program sees. */
const builtins: readonly object[] = [
  Object,
  Function,
  Array,
  String,
  Number,
  Boolean,
  BigInt,
  Symbol,
  Promise,
  Map,
  Set,
  WeakMap,
  WeakSet,
  Date,
  RegExp,
  Error,
  ArrayBuffer,
  SharedArrayBuffer,
  DataView,
  Int32Array,
  Object.getPrototypeOf(Int32Array) as object,
  Float32Array,
  Uint8Array,
  Math,
  JSON,
  Reflect,
  Atomics,
  WebAssembly,
  console,
  performance,
];

/** What an object holds itself: names, values, getters and setters. */
type Held = readonly (readonly [PropertyKey, unknown, unknown, unknown])[];

/** Of `Error`: how long stacks are is the library's to say. */
const OURS = "stackTraceLimit";

export class Leftovers {
  readonly #objects: readonly object[] = [
    ...builtins,
    ...builtins.map((each) => (each as { prototype?: object }).prototype).filter((each) => each !== undefined),
    globalThis,
    process,
  ];
  #held: readonly Held[] = [];
  #env = "";
  /** By event of the process. */
  #listeners = new Map<string | symbol, readonly unknown[]>();

  /** The thread is as it should be. */
  remember(): void {
    this.#held = this.#objects.map(heldBy);
    this.#env = JSON.stringify(process.env);
    this.#listeners = new Map(process.eventNames().map((name) => [name, process.rawListeners(name as never)]));
  }

  /** Takes listeners of the process off. @returns whether all else is as it was remembered. */
  clear(): boolean {
    for (const name of process.eventNames()) {
      const before = this.#listeners.get(name) ?? [];
      for (const listener of process.rawListeners(name as never)) {
        if (!before.includes(listener)) process.off(name as never, listener as never);
      }
    }
    if (process.exitCode !== undefined || JSON.stringify(process.env) !== this.#env) return false;
    return this.#objects.every((object, i) => sameHeld(heldBy(object), this.#held[i], object));
  }
}

function heldBy(object: object): Held {
  return Reflect.ownKeys(object)
    .filter((key) => key !== OURS && key !== "exitCode")
    .map((key) => {
      const { value, get, set } = Reflect.getOwnPropertyDescriptor(object, key) as PropertyDescriptor;
      return [key, value, get, set] as const;
    });
}

function sameHeld(now: Held, before: Held, of: object): boolean {
  return (
    now.length === before.length &&
    now.every((each, i) => each.every((part, j) => Object.is(part, before[i][j])) || isLoaded(each, before[i], of))
  );
}

/** Whether a global that Node loads when it is first read (TextEncoder) has been read, and not replaced. */
function isLoaded([name, value]: Held[number], [before, , get]: Held[number], of: object): boolean {
  return of === globalThis && name === before && typeof get === "function" && get.call(of) === value;
}
