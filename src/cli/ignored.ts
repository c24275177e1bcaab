/** Flags that would have no effect are refused before anything starts: whoever gives one expects something of it. */
import type { Command, Option } from "commander";
import type { TransportName } from "../job/node/job.ts";
import type { ProgramFlags } from "./program-flags.ts";
import { UsageError } from "./scripts.ts";

/** Where a program will run. */
interface Where {
  readonly transport: TransportName;
  readonly ranks: number;
  /** Whether all ranks are on this machine. */
  readonly oneMachine: boolean;
}

/** @throws UsageError for a flag of `run` or `launch` that nothing would read there. */
export function refuseIgnored(command: Command, flags: ProgramFlags, { transport, ranks, oneMachine }: Where): void {
  if (isTyped(command, "interleaving") && transport === "shm") {
    throw new UsageError(
      "--interleaving is for --transport local, where it orders the turns, and tcp, where it cuts and delays bytes; " +
        "over shm nothing decides how threads take turns. Leave it out, or choose one of the two.",
    );
  }
  if (flags.clock === "virtual" && transport !== "local") {
    throw new UsageError(
      `--clock virtual is for --transport local, whose ranks take turns in one thread; over ${transport} they have the machine's time. ` +
        "Add --transport local, or leave it out.",
    );
  }
  if (isTyped(command, "streams") && flags.streams === "threaded" && transport === "local") {
    throw new UsageError(
      "--streams threaded gives each rank threads of its own, but over local all ranks share one. Leave it out, or choose shm or tcp.",
    );
  }
  if (isTyped(command, "interLink") && oneMachine && !(Number(flags.ranksPerNode) < ranks)) {
    const how = ranks > 1 ? ` Give --ranks-per-node fewer than ${ranks}, or --link.` : " Leave it out.";
    throw new UsageError(`--inter-link is for links between nodes, but all ranks here are on one.${how}`);
  }
}

/** @throws UsageError for a flag that is for ranks in processes, where they are threads. */
export function refuseOfProcesses(command: Command, transport: TransportName, names: readonly string[]): void {
  const given = transport === "tcp" ? undefined : names.find((name) => isTyped(command, name));
  if (given === undefined) return;
  const { long } = command.options.find((option) => option.attributeName() === given) as Option;
  throw new UsageError(
    `${long} is for ranks in processes of their own, but over ${transport} they are threads of one. ` +
      "Leave it out, or launch with --transport tcp.",
  );
}

/** Whether a flag stands in the command line; what a variable of the environment says is for many commands. */
export function isTyped(command: Command, name: string): boolean {
  return command.getOptionValueSource(name) === "cli";
}
