// Checks 1.3: the ranks' real environment, and environments of three launchers drawn from the seed.
import { type Answer, defineExercise, draws, Wrong } from "worldsize/exercise";

interface Identity {
  readonly rank: number;
  readonly worldSize: number;
  readonly localRank: number;
  readonly leader: boolean;
}

type Environment = Record<string, string | undefined>;

interface EnvironmentAnswer extends Answer {
  identity(env: Environment): Identity;
}

interface Case {
  readonly what: string;
  readonly env: Environment;
  /** undefined: it should throw. */
  readonly wanted: Identity | undefined;
}

const launchers = {
  torchrun: ["RANK", "WORLD_SIZE", "LOCAL_RANK"],
  mpirun: ["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"],
  srun: ["SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID"],
} as const;

function casesOf(seed: number): Case[] {
  const random = draws(seed);
  const whole = (below: number): number => Math.floor(random() * below);
  const cases: Case[] = [];
  for (const [name, [rankName, sizeName, localName]] of Object.entries(launchers)) {
    for (const first of [true, false]) {
      const worldSize = 2 + whole(62);
      const rank = first ? 0 : 1 + whole(worldSize - 1);
      const localRank = rank % 8;
      const env = {
        [rankName]: String(rank),
        [sizeName]: String(worldSize),
        [localName]: String(localRank),
        HOME: "/root",
      };
      cases.push({
        what: `${name}, rank ${rank} of ${worldSize}`,
        env,
        wanted: { rank, worldSize, localRank, leader: first },
      });
    }
    const rank = 1 + whole(9);
    const env = { [rankName]: String(rank), [sizeName]: "10" };
    cases.push({
      what: `${name} without ${localName}`,
      env,
      wanted: { rank, worldSize: 10, localRank: rank, leader: false },
    });
  }
  const both = {
    OMPI_COMM_WORLD_RANK: "3",
    OMPI_COMM_WORLD_SIZE: "4",
    OMPI_COMM_WORLD_LOCAL_RANK: "1",
    SLURM_PROCID: "0",
    SLURM_NTASKS: "1",
    SLURM_LOCALID: "0",
  };
  cases.push({
    what: "mpirun inside of a Slurm job",
    env: both,
    wanted: { rank: 3, worldSize: 4, localRank: 1, leader: false },
  });
  cases.push({ what: "no launcher at all", env: { PATH: "/bin" }, wanted: undefined });
  cases.push({ what: "RANK without WORLD_SIZE", env: { RANK: "1" }, wanted: undefined });
  return cases;
}

interface Report {
  readonly own: Identity;
  readonly results: readonly (Identity | { error: string })[];
}

export default defineExercise<Report>({
  number: "1.3",
  title: "Read the environment",
  exports: ["identity"],
  worlds: [1, 2, 3],
  transports: ["local", "shm", "tcp"],
  interleavings: 0,
  hints: [
    "Three rows of three names: put them in a table and find the first row whose rank and world size are both there.",
    'Everything in an environment is text. Number("0") is 0, and 0 is false in an if: compare with undefined.',
    'const row = rows.find(([rank, size]) => env[rank] !== undefined && env[size] !== undefined); if (!row) throw new Error("set RANK and WORLD_SIZE"); the local rank is env[row[2]] ?? env[row[0]].',
  ],
  questions: [
    {
      ask: "Three ranks run in three processes of one host. What is LOCAL_RANK of rank 2?",
      world: 3,
      answer: (outcome) => (outcome.reports[2] as Report).own.localRank,
      because:
        "Local ranks count within a host. On one host they are the ranks; on the second host of 8 GPUs each, rank 10 has local rank 2, and that is its device's number.",
    },
  ],
  async run(answer, { context: { env }, seed }) {
    const { identity } = answer as EnvironmentAnswer;
    const results = casesOf(seed).map(({ env: drawn }) => {
      try {
        return identity(drawn);
      } catch (error) {
        return { error: String((error as Error).message) };
      }
    });
    return { own: identity({ ...env }), results };
  },
  judge(outcome) {
    const { size, ranks, reports, seed } = outcome;
    const same = (got: Identity, wanted: Identity): boolean =>
      got?.rank === wanted.rank &&
      got.worldSize === wanted.worldSize &&
      got.localRank === wanted.localRank &&
      got.leader === wanted.leader;
    for (const rank of ranks) {
      for (const [i, { what, env, wanted }] of casesOf(seed).entries()) {
        const got = reports[rank].results[i];
        const names = Object.entries(env)
          .map(([name, value]) => `${name}=${value}`)
          .join(" ");
        if (!wanted) {
          outcome.must(
            "error" in got,
            "no launcher",
            `${what} (${names}): it returned ${JSON.stringify(got)} and should throw.`,
          );
          const { error } = got as { error: string };
          outcome.must(
            /RANK/.test(error) && /WORLD_SIZE/.test(error),
            "the error",
            `${what} (${names}): the error "${error}" should name RANK and WORLD_SIZE.`,
          );
          continue;
        }
        if ("error" in got) throw new Wrong("a launcher", `${what} (${names}): it threw "${got.error}".`);
        if (typeof got.rank === "string")
          throw new Wrong("numbers", `${what}: rank is the text ${JSON.stringify(got.rank)}; it should be a number.`);
        outcome.must(
          same(got, wanted),
          "a launcher",
          `${what} (${names}): it returned ${JSON.stringify(got)}; it should be ${JSON.stringify(wanted)}.`,
        );
      }
      const own = reports[rank].own;
      const wanted = { rank, worldSize: size, localRank: rank, leader: rank === 0 };
      outcome.must(
        same(own, wanted),
        "its own rank",
        `rank ${rank} says of itself ${JSON.stringify(own)}; it is ${JSON.stringify(wanted)}.`,
      );
    }
  },
});
