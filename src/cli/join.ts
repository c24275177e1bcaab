/**
 * `worldsize join`: makes this process one rank of a job whose ranks something else has
 * started: a shell with RANK and WORLD_SIZE, mpirun, or srun. Rank 0 keeps the coordinator.
 */
import { Command } from "commander";
import type { JobResult } from "../script/node/job.ts";
import { isLoopback, startedBy } from "../script/node/tcp/environment.ts";
import { privateFolder, removeFolder } from "../script/node/tcp/folder.ts";
import { joinJob } from "../script/node/tcp/join.ts";
import { jobSecret } from "../script/node/tcp/secret.ts";
import { defaultTable } from "../world/index.ts";
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
} from "./program-flags.ts";

interface JoinFlags extends ProgramFlags {
  readonly secretFile?: string;
}

/** Runs `worldsize join …`. @returns the exit code. */
export async function joinCommand(args: readonly string[]): Promise<number> {
  const command = takesProgram(strict(new Command("worldsize join")))
    .description(
      "Makes this process one rank of a job, as RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT say, or Open MPI's or Slurm's variables.",
    )
    .option("--secret-file <file>", "what all ranks know and nobody else, mode 0600 (or set WORLDSIZE_SECRET)");
  parse(addProgramFlags(command), args);
  const flags = command.opts<JoinFlags>();
  const started = startedBy(process.env);
  const secret = jobSecret(flags.secretFile, process.env, isLoopback(started.host));
  const { values, ...loaded } = await loadTaken(command);
  const {
    program,
    link,
    eager = 0,
    streams = "inline",
    helpers = 0,
    seed = 0,
    traced = false,
    table = defaultTable,
    ...job
  } = jobOptions(loaded, flags, values);
  const folder = privateFolder();
  const signal = interruptible();
  const presenter = new Presenter(flags, loaded, started.size);
  try {
    const end = await joinJob({
      started,
      secret,
      folder,
      timeout: flags.timeout,
      table,
      memory: flags.memory,
      program: {
        url: program.url,
        file: program.file,
        options: job.options ?? {},
        interleaving: job.interleaving,
        seed,
        traced,
        recorded: false,
        link,
        eager,
        streams,
        helpers,
      },
      log: job.processes?.log,
      signal,
      onShown: (shown) => presenter.show(started.rank, shown),
    });
    return presenter.conclude(resultOf(end), signal.aborted, 1);
  } finally {
    removeFolder(folder);
  }
}

/** What one rank knows of its job, as the result of a job. */
function resultOf({ ending, records, verdict }: Awaited<ReturnType<typeof joinJob>>): JobResult {
  const { rank, error } = ending;
  const ok = ending.ok && verdict === undefined;
  const own = error && !error.echo ? { rank, message: error.message, stack: error.stack } : undefined;
  const failure = ok ? undefined : (own ?? { rank: -1, message: verdict ?? "", stack: verdict ?? "" });
  return { ok, failure, endings: [ending], records: [records] };
}
