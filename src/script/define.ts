/**
 * A script: a program that every rank runs, with its description and its typed options.
 * One definition gives the command-line flags, `--help`, a page's controls and the test.
 */
import { kindOf, shown, unknownWord } from "../platform/words.ts";
import type { TensorDevice } from "../tensor/index.ts";
import type { Span } from "../trace/trace.ts";
import type { ProcessGroup, Store } from "../world/index.ts";
import type { OptionSpec, Values } from "./options.ts";
import type { Show } from "./show.ts";

/** Where a rank's streams run; ranks that share a thread drain theirs in turns whatever is asked. */
export const streamModes = ["inline", "threaded"] as const;
export type StreamMode = (typeof streamModes)[number];

/** Host and process of a rank. */
export interface RankPlace {
  readonly host: string;
  readonly process: number;
}

/** Where a rank lives, and where the others do. */
export interface Place {
  readonly process: number;
  readonly thread: number;
  readonly transport: "local" | "shm" | "tcp";
  /** By rank. */
  readonly ranks: readonly RankPlace[];
  /** The native BLAS that does large matrix products, and how to pin it (WORLDSIZE_BLAS); or why there is none. */
  readonly blas: { readonly name?: string; readonly pin?: string; readonly reason?: string };
  /** How two ranks are joined: in one thread, through shared memory, by a Unix socket, by TCP. */
  reach(from: number, to: number): "local" | "shm" | "unix" | "tcp";
}

/** Everything a program is handed; it needs nothing global. */
export interface Context<O = Record<string, never>> {
  /** The group of all ranks. */
  readonly world: ProcessGroup;
  readonly device: TensorDevice;
  readonly options: O;
  readonly show: Show;
  readonly place: Place;
  /** A key-value table of strings that all ranks share: for rendezvous and counting, not for tensors. */
  readonly store: Store;
  /** RANK, WORLD_SIZE, LOCAL_RANK and what the job was started with. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What `now` and `sleep` follow: the machine's time, or with `--clock virtual` time that only messages and sleeps take. */
  readonly clock: "real" | "virtual";
  /** Milliseconds on a clock that all ranks of the job share; with `--clock virtual`, of virtual time. */
  now(): number;
  /** Resolves after `ms` milliseconds. On a virtual clock that is how a program says what its work would take. */
  sleep(ms: number): Promise<void>;
  /** Uniform in [0, 1): a sequence of this rank's own, the same in every run with the same seed. */
  random(): number;
  /** Runs a function and records how long it took on the host, for --trace and show.timeline. */
  span<T>(name: string, body: () => T | Promise<T>): Promise<T>;
  /** Spans recorded so far on this rank, by all of its threads. */
  spans(): Promise<readonly Span[]>;
}

/** A program and what its command line says of it; `defineScript` makes one. */
export interface Script<O extends Record<string, OptionSpec> = Record<string, OptionSpec>> {
  /** One sentence: what the program shows. */
  readonly about: string;
  /** Ranks when none are asked for. */
  readonly ranks?: number;
  /** Whether spans are recorded although no trace was asked for. */
  readonly traced?: boolean;
  /** Where streams run when nothing else is asked for; inline if not given. */
  readonly streams?: StreamMode;
  /** Speed of links when none is asked for, such as 1GB/s,20us; as fast as they are if not given. */
  readonly link?: string;
  readonly options?: O;
  /** The same work with small numbers, real but over in 5 s on two cores: for tests, `--quick`, and a page's first run. */
  readonly quick?: { readonly options: Partial<Values<NoInfer<O>>> };
  /**
   * What is measured, and so differs from run to run: how columns end (`"(ms)"`), how titles and lines
   * begin. All else that the quick form shows is the same in Node and in a page, but for times of timelines.
   */
  readonly measured?: readonly string[];
  /** What is wrong with options that are each right by themselves, as a sentence: said before any rank starts. */
  check?(options: Values<O>): string | undefined;
  main(context: Context<Values<O>>): void | Promise<void>;
}

const fields = ["about", "ranks", "traced", "streams", "link", "options", "quick", "measured", "check", "main"];

/** Declares a script; the options' types reach `main`. @throws TypeError for what no script has. */
export function defineScript<const O extends Record<string, OptionSpec> = Record<never, OptionSpec>>(
  script: Script<O>,
): Script<O> {
  if (typeof script !== "object" || script === null) {
    throw new TypeError(`defineScript takes { about, options, main }, but got ${kindOf(script)}.`);
  }
  for (const key of Object.keys(script)) {
    if (!fields.includes(key)) throw new TypeError(`A script has no ${unknownWord("field", key, fields)}`);
  }
  const { ranks, streams, options = {}, quick, measured = [], check, main } = script;
  if (typeof main !== "function") throw new TypeError(`A script's main is a function, not ${kindOf(main)}.`);
  if (ranks !== undefined && !(Number.isInteger(ranks) && ranks >= 1)) {
    throw new TypeError(`A script's ranks are a whole number from 1, not ${shown(ranks)}.`);
  }
  if (check !== undefined && typeof check !== "function") {
    throw new TypeError(`A script's check is a function, not ${kindOf(check)}.`);
  }
  if (streams !== undefined) checkStreams(streams);
  for (const [name, spec] of Object.entries<OptionSpec>(options)) {
    if (typeof spec?.parse === "function") continue;
    throw new TypeError(`The option ${name} is ${kindOf(spec)}; declare it with number, string, boolean or choice.`);
  }
  if (quick !== undefined) checkQuick(quick.options, options);
  if (!Array.isArray(measured) || !measured.every((word) => typeof word === "string")) {
    throw new TypeError(`What a script measures is a list of strings, not ${kindOf(measured)}.`);
  }
  return script;
}

/** @throws TypeError for an option that the script has not, or a value that its option would refuse. */
function checkQuick(quick: Readonly<Record<string, unknown>>, options: Record<string, OptionSpec>): void {
  if (typeof quick !== "object" || quick === null) {
    throw new TypeError(`A script's quick form is { options: { … } }; its options are ${kindOf(quick)}.`);
  }
  for (const [name, value] of Object.entries(quick)) {
    if (!(name in options))
      throw new TypeError(`The quick form has no ${unknownWord("option", name, Object.keys(options))}`);
    let read: unknown;
    try {
      read = options[name].parse(String(value));
    } catch (error) {
      throw new TypeError(`The quick form's ${name} is refused: ${(error as Error).message}.`);
    }
    if (!Object.is(read, value)) {
      throw new TypeError(`The quick form's ${name} is ${shown(value)}; its option is a ${options[name].type}.`);
    }
  }
}

/** @throws TypeError for a word that names no place of streams. */
export function checkStreams(word: string): void {
  if ((streamModes as readonly string[]).includes(word)) return;
  throw new TypeError(`Streams cannot be ${shown(word)}: they are ${streamModes.join(" or ")}.`);
}

/**
 * The script in a module: its default export, which may be a bare function.
 * @throws TypeError that says what the module should export.
 */
export function scriptOf(module: Record<string, unknown>, file: string): Script {
  const value = module.default;
  if (typeof value === "function") return { about: "", main: value as Script["main"] };
  if (value && typeof (value as Script).main === "function") return defineScript(value as Script);
  throw new TypeError(
    `${file} exports no program. Write: import { defineScript } from "worldsize"; ` +
      `export default defineScript({ about: "…", async main({ world, show }) { … } });`,
  );
}
