/**
 * `worldsize join`: makes this process one rank of a job whose ranks something else has
 * started: a shell with RANK and WORLD_SIZE, mpirun, or srun. Rank 0 keeps the coordinator.
 */
import { Command } from "commander";
import { FAILED } from "../job/job-result.ts";
import { DEFAULT_TIMEOUT, type JobResult } from "../job/node/job.ts";
import { isLoopback, startedBy } from "../job/node/processes/environment.ts";
import { removeFolder, socketFolder } from "../job/node/processes/folder.ts";
import { joinJob } from "../job/node/processes/join.ts";
import { jobSecret } from "../job/node/processes/secret.ts";
import { settingsOf } from "../job/settings.ts";
import { defaultTable } from "../world/index.ts";
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
} from "./program-flags.ts";

interface JoinFlags extends ProgramFlags {
  readonly secretFile?: string;
}

/** Runs `worldsize join …`. @returns the exit code. */
export async function joinCommand(args: readonly string[], output: Output): Promise<number> {
  const command = takesProgram(strict(new Command("worldsize join")))
    .description(
      "Makes this process one rank of a job, as RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT say, or Open MPI's or Slurm's variables.",
    )
    .option("--secret-file <file>", "file with the secret that all ranks share, mode 0600 (or set WORLDSIZE_SECRET)");
  parse(addProgramFlags(command), args);
  const flags = command.opts<JoinFlags>();
  const started = startedBy(process.env);
  const secret = jobSecret(flags.secretFile, isLoopback(started.host));
  const { values, ...loaded } = await loadTaken(command);
  const { program, options = {}, processes, ...job } = jobOptions(loaded, flags, values);
  const settings = settingsOf(job);
  const folder = socketFolder();
  const presenter = new Presenter(flags, loaded, started.size, output, interruptible());
  try {
    const end = await joinJob({
      started,
      secret,
      folder,
      timeout: flags.timeout ?? DEFAULT_TIMEOUT,
      silence: settings.silence,
      onSilence: presenter.silence,
      table: settings.table ?? defaultTable,
      memory: flags.memory,
      program: { url: program.url, file: program.file, options, settings },
      log: processes?.log,
      signal: presenter.signal,
      onShown: presenter.show,
      onPrinted: presenter.print,
      taken: presenter.taken,
    });
    return presenter.conclude(resultOf(end), 1);
  } finally {
    removeFolder(folder);
  }
}

/** What one rank knows of its job, as the result of a job. */
function resultOf({ ending, exitCode, records, verdict }: Awaited<ReturnType<typeof joinJob>>): JobResult {
  const common = { endings: [ending], records: [records] };
  if (ending.ok && verdict === undefined) return { ...common, ok: true, exitCode };
  const { rank, error } = ending;
  const own = error && !error.echo ? { rank, message: error.message, stack: error.stack } : undefined;
  const account = verdict ?? error?.message ?? "The job failed.";
  const failure = own ?? { rank: -1, message: account, stack: account };
  return { ...common, ok: false, failure, exitCode: own && exitCode !== 0 ? exitCode : FAILED };
}
