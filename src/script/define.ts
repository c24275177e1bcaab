/**
 * A script: a program that every rank runs, with its description and its typed options.
 * One definition gives the command-line flags, `--help`, a page's controls and the test.
 */
import type { TensorDevice } from "../tensor/index.ts";
import type { Span } from "../trace/trace.ts";
import type { ProcessGroup, Store } from "../world/index.ts";
import type { OptionSpec, Values } from "./options.ts";
import type { Show } from "./show.ts";

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
  /** Words that all ranks share: for meeting and counting, not for tensors. */
  readonly store: Store;
  /** RANK, WORLD_SIZE, LOCAL_RANK and what the job was started with. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds on a clock that all ranks of the job share. */
  now(): number;
  /** Resolves after so many milliseconds. */
  sleep(ms: number): Promise<void>;
  /** Uniform in [0, 1): a sequence of this rank's own, the same in every run with the same seed. */
  random(): number;
  /** Runs a function and records how long it took on the host, for --trace and show.timeline. */
  span<T>(name: string, body: () => T | Promise<T>): Promise<T>;
  /** Spans recorded so far on this rank, by all of its threads. */
  spans(): Promise<readonly Span[]>;
}

export interface Script<O extends Record<string, OptionSpec> = Record<string, OptionSpec>> {
  /** One sentence: what the program shows. */
  readonly about: string;
  /** Ranks when none are asked for. */
  readonly ranks?: number;
  /** Whether spans are recorded although no trace was asked for. */
  readonly traced?: boolean;
  /** Where streams run when nothing else is asked for; inline if not given. */
  readonly streams?: "inline" | "threaded";
  /** Speed of links when none is asked for, such as 1GB/s,20us; as fast as they are if not given. */
  readonly link?: string;
  readonly options?: O;
  main(context: Context<Values<O>>): void | Promise<void>;
}

/** Declares a script; the options' types reach `main`. */
export function defineScript<const O extends Record<string, OptionSpec> = Record<never, OptionSpec>>(
  script: Script<O>,
): Script<O> {
  return script;
}

/**
 * The script in a module: its default export, which may be a bare function.
 * @throws TypeError that says what the module should export.
 */
export function scriptOf(module: Record<string, unknown>, file: string): Script {
  const value = module.default;
  if (typeof value === "function") return { about: "", main: value as Script["main"] };
  if (value && typeof (value as Script).main === "function") return value as Script;
  throw new TypeError(
    `${file} exports no program. Write: import { defineScript } from "worldsize"; ` +
      `export default defineScript({ about: "…", async main({ world, show }) { … } });`,
  );
}
