// Three ifs are clearer than a table.
type Env = Record<string, string | undefined>;

function make(rank: string, size: string, local: string | undefined) {
  const r = Number.parseInt(rank, 10);
  return { rank: r, worldSize: +size, localRank: local === undefined ? r : +local, leader: r < 1 };
}

export const identity = (env: Env) => {
  if (env.RANK && env.WORLD_SIZE) return make(env.RANK, env.WORLD_SIZE, env.LOCAL_RANK);
  const { OMPI_COMM_WORLD_RANK: rank, OMPI_COMM_WORLD_SIZE: size } = env;
  if (rank && size) return make(rank, size, env.OMPI_COMM_WORLD_LOCAL_RANK);
  if (env.SLURM_PROCID && env.SLURM_NTASKS) return make(env.SLURM_PROCID, env.SLURM_NTASKS, env.SLURM_LOCALID);
  throw new RangeError(`RANK is ${env.RANK} and WORLD_SIZE is ${env.WORLD_SIZE}`);
};
