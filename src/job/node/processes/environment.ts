/** Who a rank is, from the variables that whatever started it has set. */

export interface Started {
  readonly rank: number;
  readonly size: number;
  readonly localRank: number;
  /** Where rank 0 is to be found. */
  readonly host: string;
  readonly port: number;
  /** Who set the variables. */
  readonly by: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** A variable is missing or makes no sense. */
export class EnvironmentError extends Error {
  override readonly name = "EnvironmentError";
}

/** Torch's port. */
const PORT = 29500;

/** Names of the variables, in order of precedence. */
const starters = [
  { by: "RANK and WORLD_SIZE", rank: "RANK", size: "WORLD_SIZE", local: "LOCAL_RANK", job: "" },
  {
    by: "Open MPI",
    rank: "OMPI_COMM_WORLD_RANK",
    size: "OMPI_COMM_WORLD_SIZE",
    local: "OMPI_COMM_WORLD_LOCAL_RANK",
    job: "OMPI_MCA_ess_base_jobid",
  },
  { by: "MPICH", rank: "PMI_RANK", size: "PMI_SIZE", local: "MPI_LOCALRANKID", job: "" },
  { by: "Slurm", rank: "SLURM_PROCID", size: "SLURM_NTASKS", local: "SLURM_LOCALID", job: "SLURM_JOB_ID" },
] as const;

/** @throws EnvironmentError that says which variable should be what. */
export function startedBy(env: Environment): Started {
  const found = starters.find(({ rank, size }) => env[rank] !== undefined && env[size] !== undefined);
  if (!found) {
    throw new EnvironmentError(
      "This process does not know which rank it is: set RANK and WORLD_SIZE (and MASTER_ADDR and MASTER_PORT), " +
        "or start it with mpirun or srun. To start all ranks from here, use `worldsize launch`.",
    );
  }
  const size = whole(env, found.size, 1, 100_000);
  const rank = whole(env, found.rank, 0, size - 1);
  const localRank = env[found.local] === undefined ? rank : whole(env, found.local, 0, size - 1);
  const host = env.MASTER_ADDR || masterOf(env, found.by);
  const port = env.MASTER_PORT ? whole(env, "MASTER_PORT", 1, 65_535) : portOf(env[found.job]);
  return { rank, size, localRank, host, port, by: found.by };
}

/** Whether an address is only reached from this machine. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\./.test(host);
}

function whole(env: Environment, name: string, from: number, to: number): number {
  const value = Number(env[name]);
  if (Number.isInteger(value) && value >= from && value <= to && env[name]?.trim() !== "") return value;
  throw new EnvironmentError(`${name} should be a whole number from ${from} to ${to}, but is "${env[name]}".`);
}

/** Where rank 0 runs, if nobody says: this machine, unless the job spans several. */
function masterOf(env: Environment, by: string): string {
  if (by === "Slurm" && Number(env.SLURM_NNODES ?? 1) > 1) return firstNode(env.SLURM_JOB_NODELIST ?? "");
  const local = Number(env.OMPI_COMM_WORLD_LOCAL_SIZE ?? env.WORLD_SIZE ?? 0);
  if (by === "Open MPI" && local < Number(env.OMPI_COMM_WORLD_SIZE)) {
    throw new EnvironmentError(
      "The ranks are on several machines: set MASTER_ADDR to the address of rank 0's (mpirun -x MASTER_ADDR=…).",
    );
  }
  return "127.0.0.1";
}

/** The first of `node[03-05,9],other`. */
export function firstNode(list: string): string {
  const match = /^([^,[]+)(?:\[([^\],-]+))?/.exec(list);
  if (!match)
    throw new EnvironmentError("SLURM_JOB_NODELIST names no node; set MASTER_ADDR to the address of rank 0's machine.");
  return match[1] + (match[2] ?? "");
}

/** A port of a job's own, so that two jobs of one machine do not meet. */
function portOf(job: string | undefined): number {
  if (!job) return PORT;
  let hash = 0;
  for (const letter of job) hash = (hash * 31 + letter.charCodeAt(0)) >>> 0;
  return 20_000 + (hash % 9000);
}
