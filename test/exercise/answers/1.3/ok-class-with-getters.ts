// An identity is a class; leader follows from its rank.
const table = [
  ["RANK", "WORLD_SIZE", "LOCAL_RANK"],
  ["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"],
  ["SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID"],
];

class Identity {
  readonly #env: Record<string, string | undefined>;
  readonly #row: string[];
  constructor(env: Record<string, string | undefined>, row: string[]) {
    this.#env = env;
    this.#row = row;
  }
  get rank() {
    return Number(this.#env[this.#row[0]]);
  }
  get worldSize() {
    return Number(this.#env[this.#row[1]]);
  }
  get localRank() {
    return Number(this.#env[this.#row[2]] ?? this.rank);
  }
  get leader() {
    return this.rank === 0;
  }
}

export function identity(env: Record<string, string | undefined>) {
  for (const row of table) if (env[row[0]] && env[row[1]]) return new Identity(env, row);
  throw new Error("Please set RANK, WORLD_SIZE (and LOCAL_RANK).");
}
