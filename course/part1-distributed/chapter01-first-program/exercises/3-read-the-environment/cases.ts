// Environments of 1.3: one at least for each sentence of its task, and some drawn from the seed.
import { draws } from "worldsize/exercise";

/** What the answer should return. */
export interface Identity {
  readonly rank: number;
  readonly worldSize: number;
  readonly localRank: number;
  readonly leader: boolean;
}

/** Names and values. */
export type Environment = Record<string, string | undefined>;

/** An environment, and what it says. */
export interface Case {
  readonly what: string;
  readonly env: Environment;
  /** undefined: it should throw. */
  readonly wanted: Identity | undefined;
}

/** The variables of each launcher: rank, world size, rank within its host. */
const launchers = {
  torchrun: ["RANK", "WORLD_SIZE", "LOCAL_RANK"],
  mpirun: ["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"],
  srun: ["SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID"],
} as const;
type Launcher = keyof typeof launchers;

/** The row that counts: the first that is complete. */
export const rowOf = (env: Environment): readonly string[] =>
  Object.values(launchers).find(([rank, size]) => env[rank] !== undefined && env[size] !== undefined) ?? [];

/** Whether the row of a variable is complete. */
export const isComplete = (env: Environment, variable: string): boolean =>
  Object.values(launchers).some(
    (row) => row.some((name) => name === variable) && env[row[0]] !== undefined && env[row[1]] !== undefined,
  );

/** What a launcher sets; nothing for what is left out. */
function row(launcher: Launcher, rank?: number, size?: number, local?: number): Environment {
  const values = [rank, size, local];
  return Object.fromEntries(
    launchers[launcher].flatMap((name, i) => (values[i] === undefined ? [] : [[name, String(values[i])]])),
  );
}

/** Of a rank, whose rank within its host is given or not. */
export const is = (rank: number, worldSize: number, localRank = rank): Identity => ({
  rank,
  worldSize,
  localRank,
  leader: rank === 0,
});

/** Each sentence of the task, from the simplest on. */
function fixedCases(): Case[] {
  const cases: Case[] = [];
  for (const name of Object.keys(launchers) as Launcher[]) {
    for (const [rank, size, local, host] of [
      [0, 4, 0, ""],
      [3, 4, 3, ""],
      [12, 16, 4, ", on the second host of 8"],
      [8, 16, 0, ", the first one of its host"],
    ] as const) {
      const wanted = is(rank, size, local);
      cases.push({ what: `${name}, rank ${rank} of ${size}${host}`, env: row(name, rank, size, local), wanted });
    }
    for (const rank of [5, 0])
      cases.push({ what: `${name} without ${launchers[name][2]}`, env: row(name, rank, 10), wanted: is(rank, 10) });
  }
  const [torchrun, mpirun, srun] = [row("torchrun", 0, 2, 0), row("mpirun", 3, 4, 1), row("srun", 1, 8, 0)];
  const one = is(3, 4, 1);
  const size = row("torchrun", undefined, 6);
  cases.push(
    { what: "mpirun inside a Slurm job", env: { ...mpirun, ...srun }, wanted: one },
    { what: "torchrun inside a Slurm job", env: { ...torchrun, ...srun }, wanted: is(0, 2, 0) },
    { what: "torchrun started by mpirun", env: { ...torchrun, ...mpirun }, wanted: is(0, 2, 0) },
    { what: "all three launchers", env: { ...torchrun, ...mpirun, ...srun }, wanted: is(0, 2, 0) },
    {
      what: "torchrun without LOCAL_RANK in a Slurm job",
      env: { ...row("torchrun", 5, 8), ...srun },
      wanted: is(5, 8),
    },
    {
      what: "RANK without WORLD_SIZE, and mpirun",
      env: { ...row("torchrun", 7, undefined, 7), ...mpirun },
      wanted: one,
    },
    { what: "WORLD_SIZE without RANK, and srun", env: { ...size, ...srun }, wanted: is(1, 8, 0) },
    { what: "half of mpirun's variables, and srun", env: { ...row("mpirun", 3), ...srun }, wanted: is(1, 8, 0) },
    { what: "no launcher at all", env: { PATH: "/bin" }, wanted: undefined },
    { what: "RANK without WORLD_SIZE", env: row("torchrun", 1), wanted: undefined },
    { what: "WORLD_SIZE without RANK", env: size, wanted: undefined },
    { what: "mpirun's size is missing", env: row("mpirun", 1, undefined, 1), wanted: undefined },
    { what: "srun's rank is missing", env: row("srun", undefined, 4, 1), wanted: undefined },
    { what: "a rank and a size of different rows", env: { ...row("mpirun", 1), ...size }, wanted: undefined },
  );
  return cases;
}

function drawnCases(seed: number): Case[] {
  const random = draws(seed);
  const whole = (below: number): number => Math.floor(random() * below);
  return (Object.keys(launchers) as Launcher[]).map((name) => {
    const size = 2 + whole(62);
    const wanted = is(whole(size), size, whole(8));
    return { what: `${name}, drawn`, env: row(name, wanted.rank, size, wanted.localRank), wanted };
  });
}

/** All environments of a check. */
export const casesOf = (seed: number): Case[] => [...fixedCases(), ...drawnCases(seed)];
