/** `worldsize launch`: the ranks of a program as processes, on this host or together with others. */
import { Command, InvalidArgumentError, Option } from "commander";
import { runJob, type TransportName } from "../job/node/job.ts";
import { isLoopback } from "../job/node/processes/environment.ts";
import type { NodeOptions } from "../job/node/processes/launch.ts";
import { jobSecret } from "../job/node/processes/secret.ts";
import { socketKinds } from "../platform/node/sockets.ts";
import { refuseIgnored, refuseOfProcesses } from "./ignored.ts";
import { LogFiles } from "./log-files.ts";
import type { Output } from "./output.ts";
import { Presenter } from "./presenter.ts";
import {
  addProgramFlags,
  interruptible,
  jobOptions,
  loadTaken,
  type ProgramFlags,
  parse,
  strict,
  takesProgram,
  wholeNumber,
} from "./program-flags.ts";
import { checkRanks, transportOption } from "./run.ts";
import { UsageError } from "./scripts.ts";

interface LaunchFlags extends ProgramFlags {
  readonly ranks?: number;
  readonly transport: TransportName;
  readonly nnodes: number;
  readonly nodeRank: number;
  readonly rendezvous?: { host: string; port: number };
  readonly secretFile?: string;
  readonly logDir?: string;
  readonly maxRestarts: number;
  readonly sockets: "unix" | "tcp";
}

/** Runs `worldsize launch …`. @returns the exit code. */
export async function launchCommand(args: readonly string[], output: Output): Promise<number> {
  const kinds = socketKinds();
  const command = takesProgram(strict(new Command("worldsize launch")))
    .description("Starts a program on several ranks, each a process of its own; --nnodes spans several machines.")
    .option("-n, --ranks <count>", "ranks on this machine (default: what the program says, or 4)", wholeNumber)
    .addOption(transportOption("tcp"))
    .option("--nnodes <count>", "number of machines", wholeNumber, 1)
    .option("--node-rank <number>", "number of this machine, counted from 0", wholeNumber, 0)
    .option("--rendezvous <host:port>", "where node 0 listens and the others connect", address)
    .option("--secret-file <file>", "file with the secret that all nodes share, mode 0600")
    .option("--log-dir <folder>", "write what each rank prints and shows to a file of its own")
    .option("--max-restarts <count>", "restart all ranks after a failure, at most this many times", wholeNumber, 0)
    .addOption(new Option("--sockets <kind>", "sockets between ranks of one machine").choices(kinds).default(kinds[0]));
  parse(addProgramFlags(command), args);
  const flags = command.opts<LaunchFlags>();
  const { values, ...loaded } = await loadTaken(command);
  const ranks = flags.ranks ?? loaded.script.ranks ?? 4;
  checkRanks(ranks, flags.transport);
  checkFlags(command, flags, ranks);
  const nodes = nodeOptions(flags);
  const presenter = new Presenter(flags, loaded, ranks * flags.nnodes, output, interruptible());
  const job = jobOptions(loaded, flags, values);
  // Ranks of further nodes get their numbers from the first one.
  const known = flags.nodeRank === 0 ? ranks : 0;
  const logs = flags.logDir === undefined ? undefined : new LogFiles(flags.logDir, known, tell);
  try {
    const result = await runJob({
      ...job,
      ranks,
      transport: flags.transport,
      signal: presenter.signal,
      onSilence: presenter.silence,
      processes: {
        ...job.processes,
        nodes,
        maxRestarts: flags.maxRestarts,
        onlyTcp: flags.sockets === "tcp",
        output: logs && ((rank) => logs.file(rank)),
      },
      onShown: (rank, shown) => {
        if (!logs) return presenter.show(rank, shown);
        presenter.keep(rank, shown);
        logs.write(
          rank,
          presenter
            .lines(rank, shown)
            .map((line) => `${line}\n`)
            .join(""),
        );
      },
      onPrinted: (rank, stream, text) => (logs ? logs.write(rank, text) : presenter.print(rank, stream, text)),
      taken: presenter.taken,
    });
    return presenter.conclude(result, ranks);
  } finally {
    logs?.close();
  }
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** @throws UsageError for numbers that cannot be, and for flags that would have no effect. */
function checkFlags(command: Command, flags: LaunchFlags, ranks: number): void {
  const { transport, maxRestarts, rendezvous, secretFile, nnodes } = flags;
  if (maxRestarts < 0) throw new UsageError(`--max-restarts should be at least 0, but is ${maxRestarts}.`);
  if (secretFile && !rendezvous) {
    throw new UsageError("--secret-file is for jobs whose ranks meet at --rendezvous HOST:PORT, which is missing.");
  }
  refuseOfProcesses(command, transport, ["maxRestarts", "logDir", "sockets"]);
  refuseIgnored(command, flags, { transport, ranks, oneMachine: nnodes === 1 });
}

/** @throws UsageError for flags that contradict each other. */
function nodeOptions({ nnodes, nodeRank, rendezvous, secretFile, transport }: LaunchFlags): NodeOptions | undefined {
  if (nnodes < 1) throw new UsageError(`--nnodes should be at least 1, but is ${nnodes}.`);
  if (nodeRank < 0 || nodeRank >= nnodes) {
    throw new UsageError(`--node-rank should be from 0 to ${nnodes - 1}, but is ${nodeRank}.`);
  }
  if (nnodes === 1 && !rendezvous) return undefined;
  if (transport !== "tcp") throw new UsageError(`Ranks of several machines need --transport tcp, not ${transport}.`);
  if (!rendezvous) throw new UsageError("Several machines need --rendezvous HOST:PORT, an address of node 0.");
  const secret = jobSecret(secretFile, isLoopback(rendezvous.host));
  return { count: nnodes, rank: nodeRank, rendezvous, secret };
}

function address(text: string): { host: string; port: number } {
  const match = /^\[?([^\]]+?)\]?:(\d+)$/.exec(text);
  const port = Number(match?.[2]);
  if (!match || !(port > 0 && port < 65_536)) {
    throw new InvalidArgumentError(`"${text}" is not an address; write HOST:PORT, such as 10.0.0.1:29500.`);
  }
  return { host: match[1], port };
}
