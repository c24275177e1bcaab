/** What `run`, `launch` and `join` share: a program's options as flags, its ranks' common flags, its end. */
import { Command, InvalidArgumentError, Option } from "commander";
import pc from "picocolors";
import type { JobOptions } from "../job/node/job.ts";
import { defaultSettings } from "../job/settings.ts";
import { stopSignals } from "../platform/node/signals.ts";
import type { System } from "../platform/node/system.ts";
import { type StreamMode, streamModes } from "../script/define.ts";
import { type OptionSpec, quickOptions, type Script } from "../script/index.ts";
import { visibleLines } from "../trace/text.ts";
import { allReduceAlgorithms, defaultTable, type LinkSpeed, parseLink, type TuningTable } from "../world/index.ts";
import { type Loaded, loadProgram } from "./load.ts";
import { parseBytes, parseMemory } from "./memory.ts";
import { nearest, UsageError } from "./scripts.ts";

/** Beyond this, helpers wait for each other. */
const MAX_HELPERS = 63;

export interface ProgramFlags extends Record<string, unknown> {
  readonly json?: boolean;
  readonly quick?: boolean;
  readonly trace?: string;
  readonly page?: string;
  readonly timeline?: boolean;
  /** Whether what programs print and show may colour and move in the terminal. */
  readonly ansi?: boolean;
  readonly algorithm?: (typeof allReduceAlgorithms)[number];
  readonly memory?: number;
  readonly seed: number;
  readonly interleaving?: number;
  readonly clock: "real" | "virtual";
  readonly link?: LinkSpeed;
  readonly interLink?: LinkSpeed;
  readonly ranksPerNode?: number;
  readonly eager: number;
  readonly streams?: StreamMode;
  readonly helpers: number;
  readonly timeout?: number;
  readonly silence: number;
}

/** Makes a command strict and quiet: its errors are ours to print. */
export function strict(command: Command): Command {
  return command
    .helpOption("-h, --help", "show this help")
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .showSuggestionAfterError(true);
}

/** Makes a command take a program, and behind `--` the program's own options. */
export function takesProgram(command: Command): Command {
  return command
    .usage("[flags] PROGRAM [-- the program's own options]")
    .argument("<program>", "name of a script, or path to a program")
    .argument("[options...]", "its options, after --")
    .passThroughOptions();
}

/** Loads the program that a parsed command names, and reads its own options. */
export async function loadTaken(command: Command): Promise<Loaded & { readonly values: Record<string, unknown> }> {
  const [name, rest] = command.processedArgs as [string, string[]];
  const loaded = await loadProgram(name);
  const options = addScriptOptions(strict(new Command(`${command.name()} ${name} --`)), loaded.script);
  parse(options, rest[0] === "--" ? rest.slice(1) : rest);
  return { ...loaded, values: scriptValues(options, loaded.script, command.opts<ProgramFlags>().quick) };
}

/** Adds the flags that every way to start a program has. @param script the program, where it is known already. */
export function addProgramFlags(command: Command, script?: Script): Command {
  const small = Object.entries(quickOptions(script ?? {})).map(([key, value]) => `--${flagOf(key)} ${value}`);
  const quick =
    small.length > 0 ? `small numbers for a first look: ${small.join(" ")}` : "small numbers for a first look";
  return command
    .option("--quick", quick)
    .option("--json", "print JSON lines")
    .option("--ansi", "let what the program prints and shows control the terminal")
    .option("--timeline", "draw a timeline of all ranks at the end")
    .option("--trace <file>", "record a trace for ui.perfetto.dev")
    .option("--page <file>", "write what the program shows as a page with pictures, such as out.html")
    .addOption(
      new Option("--algorithm <name>", "force one allReduce algorithm")
        .choices([...allReduceAlgorithms])
        .env("WORLDSIZE_ALGORITHM"),
    )
    .option("--memory <size>", "device memory of all ranks together, such as 512MiB (default: 4GiB)", parseMemory)
    .addOption(
      new Option("--link <speed>", "pace the link between any two ranks, such as 1GB/s,20us")
        .argParser(link)
        .env("WORLDSIZE_LINK"),
    )
    .option("--inter-link <speed>", "pace the links between nodes differently from those within", link)
    .option("--ranks-per-node <count>", "count this many ranks as one node (default: the hosts decide)", wholeNumber)
    .option(
      "--eager <bytes>",
      "messages up to this size are copied first, so that their send completes at once",
      parseBytes,
      0,
    )
    .addOption(
      new Option("--streams <where>", "run streams in the program's thread, or in threads of their own")
        .choices([...streamModes])
        .env("WORLDSIZE_STREAMS"),
    )
    .option("--helpers <count>", "threads that help each rank with large kernels", helpers, 0)
    .option(
      "--timeout <seconds>",
      "how long a rank may wait for an operation or the store without any progress (default: no limit); " +
        "over tcp also how long a process may be silent, or take to join (default: 30)",
      seconds,
    )
    .addOption(
      new Option("--silence <seconds>", "report once who waits for what when nothing has moved for this long; 0: never")
        .argParser(silence)
        .default(defaultSettings.silence, String(defaultSettings.silence / 1e3)),
    )
    .option("--seed <number>", "seed of random numbers, any whole number", seed, 0)
    .option("--interleaving <seed>", "local: replay one order of events; tcp: cut and delay bytes", wholeNumber)
    .addOption(
      new Option(
        "--clock <kind>",
        "local: virtual time passes only while nobody can do anything, on paced links or asleep",
      )
        .choices(["real", "virtual"])
        .default("real"),
    );
}

/** Adds a flag for each option of the script. @throws UsageError for one that the command has already. */
export function addScriptOptions(command: Command, script: Script): Command {
  for (const [key, spec] of Object.entries(script.options ?? {})) {
    const option = scriptOption(key, spec);
    if (command.options.some(({ long }) => long === option.long) || option.long === "--help") {
      throw new UsageError(
        `The program's option ${key} would be ${option.long}, which ${command.name()} already has. Rename it.`,
      );
    }
    command.addOption(option);
  }
  return command;
}

/** `maxTokens` is --max-tokens. @throws UsageError for a name that no flag of its own can have. */
function flagOf(key: string): string {
  const refuse = (why: string): never => {
    throw new UsageError(`The program's option ${JSON.stringify(key)} ${why} Rename it.`);
  };
  if (!/^[A-Za-z][A-Za-z0-9]*$/.test(key)) refuse("has a name that no flag can have: use letters and digits.");
  const flag = key.replace(/(?!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
  if (flag.startsWith("no-")) refuse(`would be --${flag}, which turns ${flag.slice(3)} off.`);
  if (flag === "color") refuse("would be --color, which switches the colours of the terminal.");
  return flag;
}

function scriptOption(key: string, spec: OptionSpec): Option {
  const flag = flagOf(key);
  const about = spec.choices ? `${spec.about} (${spec.choices.join(", ")})` : spec.about;
  const option = new Option(spec.type === "boolean" ? `--${flag} [yes]` : `--${flag} <value>`, about).default(
    spec.default,
  );
  return option.argParser((text: string) => {
    try {
      return spec.parse(text);
    } catch (error) {
      const near = nearest(text, spec.choices ?? []); // the message lists them all
      const hint = near.length > 0 ? ` Did you mean ${near.join(" or ")}?` : "";
      throw new InvalidArgumentError(`${(error as Error).message}.${hint}`);
    }
  });
}

/** @throws UsageError for a flag that does not exist or has a bad value. */
export function parse(command: Command, args: readonly string[]): void {
  try {
    command.parse([...args], { from: "user" });
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === "commander.helpDisplayed") throw error;
    throw new UsageError(message.replace(/^error: /, "").replace(/\n\(Did/, ". (Did"));
  }
}

/** The script's options by their keys: what was asked for, else what its quick form says if that was asked for, else presets. */
export function scriptValues(command: Command, script: Script, isQuick = false): Record<string, unknown> {
  const quick = isQuick ? quickOptions(script) : {};
  return Object.fromEntries(
    Object.entries(script.options ?? {}).map(([key, spec]) => {
      const name = scriptOption(key, spec).attributeName();
      const asked = ![undefined, "default"].includes(command.getOptionValueSource(name)); // undefined: there is no preset
      return [key, key in quick && !asked ? quick[key] : command.getOptionValue(name)];
    }),
  );
}

/** What a job takes of the flags. @param options of the script, by their keys. */
export function jobOptions(
  { program, script }: Loaded,
  flags: ProgramFlags,
  options: Record<string, unknown>,
): Omit<JobOptions, "ranks"> {
  const within = flags.link ?? (script.link ? parseLink(script.link) : undefined);
  const wrong = script.check?.(options);
  if (wrong) throw new UsageError(wrong);
  return {
    program,
    options,
    table: tableOf(flags),
    memory: flags.memory,
    seed: flags.seed,
    interleaving: flags.interleaving,
    clock: flags.clock,
    link: { within, between: flags.interLink ?? within },
    eager: flags.eager,
    streams: flags.streams ?? script.streams,
    helpers: flags.helpers,
    traced: flags.trace !== undefined || flags.timeline || script.traced,
    timeout: flags.timeout,
    silence: flags.silence,
    processes: {
      timeout: flags.timeout,
      log: (line) => process.stderr.write(`${pc.dim(flags.ansi ? line : visibleLines(line))}\n`),
    },
  };
}

/** A signal that Ctrl-C gives; its reason is the exit code that the shell expects. */
export function interruptible(system?: System): AbortSignal {
  const stop = new AbortController();
  for (const { signal, exitCode } of stopSignals(system)) process.once(signal, () => stop.abort(exitCode));
  return stop.signal;
}

export function wholeNumber(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new InvalidArgumentError(`"${text}" is not a whole number.`);
  return Number(text);
}

/** Any whole number as one that a program can calculate with; what is beyond 53 bits is folded in. */
export function seed(text: string): number {
  if (!/^-?\d{1,300}$/.test(text)) throw new InvalidArgumentError(`"${text}" is not a whole number.`);
  const exact = BigInt(text);
  if (Number.isSafeInteger(Number(exact))) return Number(exact);
  let folded = 0n;
  for (let rest = exact < 0n ? -exact : exact; rest > 0n; rest >>= 53n)
    folded = BigInt.asUintN(53, folded * 31n + BigInt.asUintN(53, rest));
  return Number(exact < 0n ? -folded : folded);
}

function helpers(text: string): number {
  const count = wholeNumber(text);
  if (count >= 0 && count <= MAX_HELPERS) return count;
  throw new InvalidArgumentError(`A rank has 0 to ${MAX_HELPERS} helpers.`);
}

function seconds(text: string): number {
  const value = Number(text.replace(/s$/, ""));
  if (value >= 0.5 && value <= 86_400) return value * 1000;
  throw new InvalidArgumentError(`"${text}" is not a time in seconds from 0.5 to 86400.`);
}

function silence(text: string): number {
  return Number(text.replace(/s$/, "")) === 0 && /^0/.test(text) ? 0 : seconds(text);
}

function link(text: string): LinkSpeed {
  try {
    return parseLink(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

/** How collectives are carried out, where the flags say something about it. */
function tableOf({ algorithm, ranksPerNode }: ProgramFlags): TuningTable | undefined {
  if (ranksPerNode !== undefined && ranksPerNode < 1) throw new UsageError("A node has at least 1 rank.");
  if (algorithm === undefined && ranksPerNode === undefined) return undefined;
  const forced = algorithm && { shared: algorithm === "shared", allReduce: algorithm };
  return { ...defaultTable, ...forced, ranksPerNode };
}
