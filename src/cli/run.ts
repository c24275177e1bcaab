/** `worldsize run`: a script on the ranks of a job, with its options as flags. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import pc from "picocolors";
import { type OptionSpec, type Script, scriptOf, type TimelineLane } from "../script/index.ts";
import { CompileError, compileProgram } from "../script/node/compile.ts";
import { type JobResult, MAX_RANKS, runJob, type TransportName, transports } from "../script/node/job.ts";
import { toPerfetto } from "../trace/perfetto.ts";
import { allReduceAlgorithms, defaultTable } from "../world/index.ts";
import { parseMemory } from "./memory.ts";
import { renderShown, timeline } from "./render.ts";
import { findScript, suggest, UsageError } from "./scripts.ts";

/** Exit codes: the program failed, the command line was wrong, Ctrl-C. */
const FAILED = 1;
const INTERRUPTED = 130;

interface RunFlags {
  readonly ranks?: number;
  readonly transport: TransportName;
  readonly json?: boolean;
  readonly trace?: string;
  readonly timeline?: boolean;
  readonly algorithm?: (typeof allReduceAlgorithms)[number];
  readonly memory?: number;
  readonly seed: number;
  readonly interleaving?: number;
}

/** Runs `worldsize run NAME …`. @returns the exit code. */
export async function runCommand(name: string, args: readonly string[]): Promise<number> {
  const path = findScript(name);
  const program = await compileProgram(path);
  const script = await loadScript(program.url, program.file);
  const command = commandFor(basename(name, ".ts"), script);
  parse(command, args);
  const flags = command.opts<RunFlags & Record<string, unknown>>();
  const ranks = flags.ranks ?? script.ranks ?? 4;
  checkRanks(ranks, flags.transport);
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  process.once("SIGTERM", () => stop.abort());
  const result = await runJob({
    program,
    ranks,
    transport: flags.transport,
    options: Object.fromEntries(Object.keys(script.options ?? {}).map((key) => [key, flags[key]])),
    table: flags.algorithm && { ...defaultTable, shared: flags.algorithm === "shared", allReduce: flags.algorithm },
    memory: flags.memory,
    seed: flags.seed,
    interleaving: flags.interleaving,
    traced: flags.trace !== undefined || flags.timeline || script.traced,
    signal: stop.signal,
    onShown: (rank, shown) => {
      const lines = flags.json ? [JSON.stringify({ rank, ...shown })] : renderShown(rank, shown, ranks);
      process.stdout.write(`${lines.join("\n")}\n`);
    },
  });
  if (stop.signal.aborted) {
    process.stderr.write(`\nStopped; all ${ranks} ranks are gone.\n`);
    return INTERRUPTED;
  }
  if (flags.trace) writeTrace(flags.trace, result);
  if (flags.timeline) process.stdout.write(`${timeline(lanesOf(result)).join("\n")}\n`);
  if (!result.ok) {
    reportFailure(result, program.file, flags.json ?? false);
    return FAILED;
  }
  return 0;
}

async function loadScript(url: string, file: string): Promise<Script> {
  try {
    return scriptOf((await import(url)) as Record<string, unknown>, file);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function commandFor(name: string, script: Script): Command {
  const command = new Command(`worldsize run ${name}`)
    .description(script.about)
    .helpOption("-h, --help", "show this help")
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .showSuggestionAfterError(true)
    .option("-n, --ranks <count>", `number of ranks (default: ${script.ranks ?? 4})`, wholeNumber)
    .addOption(
      new Option("--transport <name>", `how ranks talk: ${transports.join(" or ")}`)
        .default("shm")
        .argParser(transport),
    )
    .option("--json", "print JSON lines")
    .option("--timeline", "draw a timeline of all ranks at the end")
    .option("--trace <file>", "record a trace for ui.perfetto.dev")
    .addOption(new Option("--algorithm <name>", "force one allReduce algorithm").choices([...allReduceAlgorithms]))
    .option("--memory <size>", "device memory of all ranks together, such as 512MiB (default: 4GiB)", parseMemory)
    .option("--seed <number>", "seed of random numbers", wholeNumber, 0)
    .option("--interleaving <seed>", "with --transport local: replay one order of events", wholeNumber);
  for (const [key, spec] of Object.entries(script.options ?? {})) command.addOption(scriptOption(key, spec));
  return command;
}

function scriptOption(key: string, spec: OptionSpec): Option {
  const flag = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const about = spec.choices ? `${spec.about} (${spec.choices.join(", ")})` : spec.about;
  const option = new Option(spec.type === "boolean" ? `--${flag} [yes]` : `--${flag} <value>`, about).default(
    spec.default,
  );
  return option.argParser((text: string) => {
    try {
      return spec.parse(text);
    } catch (error) {
      const near = spec.choices ? ` ${suggest(text, spec.choices)}` : "";
      throw new InvalidArgumentError(`${(error as Error).message}.${near}`);
    }
  });
}

/** @throws UsageError for a flag that does not exist or has a bad value. */
function parse(command: Command, args: readonly string[]): void {
  try {
    command.parse([...args], { from: "user" });
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === "commander.helpDisplayed") throw error;
    throw new UsageError(message.replace(/^error: /, "").replace(/\n\(Did/, ". (Did"));
  }
}

function wholeNumber(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new InvalidArgumentError(`"${text}" is not a whole number.`);
  return Number(text);
}

function transport(text: string): TransportName {
  if ((transports as readonly string[]).includes(text)) return text as TransportName;
  throw new InvalidArgumentError(`There is no transport "${text}". ${suggest(text, transports)}`);
}

function checkRanks(ranks: number, transport: TransportName): void {
  if (ranks >= 1 && ranks <= MAX_RANKS[transport]) return;
  throw new UsageError(`A world has 1 to ${MAX_RANKS[transport]} ranks over ${transport}, but -n asked for ${ranks}.`);
}

/** A lane for everything each rank did. */
function lanesOf({ spans }: JobResult): TimelineLane[] {
  const lanes = spans.flatMap((own, rank) =>
    (["host", "device", "comm"] as const).map((lane) => ({
      name: `rank ${rank} ${lane}`,
      spans: own.filter((span) => span.lane === lane),
    })),
  );
  return lanes.filter((lane) => lane.spans.length > 0);
}

function writeTrace(file: string, { spans }: JobResult): void {
  try {
    writeFileSync(file, toPerfetto(spans));
  } catch (error) {
    throw new UsageError(`The trace could not be written to ${file}: ${(error as Error).message}.`);
  }
  process.stderr.write(`Trace written to ${file}; open it at https://ui.perfetto.dev.\n`);
}

function reportFailure({ failure, flight }: JobResult, file: string, json: boolean): void {
  const recorder = dumpFlight(flight);
  if (json) {
    process.stdout.write(`${JSON.stringify({ kind: "failure", ...failure, recorder })}\n`);
    return;
  }
  const who = failure && failure.rank >= 0 ? `rank ${failure.rank} failed in ${file}` : `The job failed in ${file}`;
  process.stderr.write(`\n${pc.red(`${who}:`)}\n${failure && failure.rank >= 0 ? failure.stack : failure?.message}\n`);
  if (recorder) process.stderr.write(pc.dim(`The last operations of each rank: ${recorder}\n`));
}

/** Writes the flight recorders of a failed job into a new folder. @returns its path, or undefined if nothing was recorded. */
function dumpFlight(flight: JobResult["flight"]): string | undefined {
  if (flight.every((records) => records.length === 0)) return undefined;
  try {
    const folder = mkdtempSync(join(tmpdir(), "worldsize-flight-"));
    flight.forEach((records, rank) => {
      writeFileSync(
        join(folder, `rank-${rank}.jsonl`),
        records.map((record) => `${JSON.stringify(record)}\n`).join(""),
      );
    });
    return folder;
  } catch {
    return undefined; // a full disk must not hide the failure itself
  }
}

export { CompileError };
