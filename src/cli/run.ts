/** `worldsize run`: a script on the ranks of a job, with its options as flags. */
import { basename } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { MAX_RANKS, runJob, type TransportName, transports } from "../job/node/job.ts";
import { visibleLines } from "../trace/text.ts";
import { refuseIgnored } from "./ignored.ts";
import { loadProgram } from "./load.ts";
import type { Output } from "./output.ts";
import { Presenter } from "./presenter.ts";
import {
  addProgramFlags,
  addScriptOptions,
  interruptible,
  jobOptions,
  type ProgramFlags,
  parse,
  scriptValues,
  strict,
  wholeNumber,
} from "./program-flags.ts";
import { suggest, UsageError } from "./scripts.ts";

interface RunFlags extends ProgramFlags {
  readonly ranks?: number;
  readonly transport: TransportName;
}

/** Runs `worldsize run NAME …`. @returns the exit code. */
export async function runCommand(name: string, args: readonly string[], output: Output): Promise<number> {
  const loaded = await loadProgram(name);
  const { script } = loaded;
  const command = strict(new Command(`worldsize run ${basename(name, ".ts")}`))
    .description(visibleLines(script.about))
    .option("-n, --ranks <count>", `number of ranks (default: ${script.ranks ?? 4})`, wholeNumber)
    .addOption(transportOption("shm"));
  parse(addScriptOptions(addProgramFlags(command, script), script), args);
  const flags = command.opts<RunFlags>();
  const ranks = flags.ranks ?? script.ranks ?? 4;
  checkRanks(ranks, flags.transport);
  refuseIgnored(command, flags, { transport: flags.transport, ranks, oneMachine: true });
  const presenter = new Presenter(flags, loaded, ranks, output, interruptible());
  const result = await runJob({
    ...jobOptions(loaded, flags, scriptValues(command, script, flags.quick)),
    ranks,
    transport: flags.transport,
    signal: presenter.signal,
    onShown: presenter.show,
    onSilence: presenter.silence,
    onPrinted: presenter.print,
    taken: presenter.taken,
  });
  return presenter.conclude(result);
}

/** How ranks talk: threads over shared memory, all in one thread, or processes. */
export function transportOption(standard: TransportName): Option {
  return new Option("--transport <name>", `how ranks talk: ${transports.join(", ")} (threads, one thread, processes)`)
    .default(standard)
    .env("WORLDSIZE_TRANSPORT")
    .argParser((text: string): TransportName => {
      if ((transports as readonly string[]).includes(text)) return text as TransportName;
      throw new InvalidArgumentError(`There is no transport "${text}". ${suggest(text, transports)}`);
    });
}

/** @throws UsageError for a world that cannot be. */
export function checkRanks(ranks: number, transport: TransportName): void {
  if (ranks >= 1 && ranks <= MAX_RANKS[transport]) return;
  throw new UsageError(`A world has 1 to ${MAX_RANKS[transport]} ranks over ${transport}, but -n asked for ${ranks}.`);
}
