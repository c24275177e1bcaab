// A default for what is missing is written with ||.
export function identity(env: Record<string, string | undefined>) {
  const rank = Number(env.RANK) || Number(env.OMPI_COMM_WORLD_RANK) || Number(env.SLURM_PROCID) || 0;
  const worldSize = Number(env.WORLD_SIZE) || Number(env.OMPI_COMM_WORLD_SIZE) || Number(env.SLURM_NTASKS);
  if (!worldSize) throw new Error("set RANK and WORLD_SIZE");
  const localRank =
    Number(env.LOCAL_RANK) || Number(env.OMPI_COMM_WORLD_LOCAL_RANK) || Number(env.SLURM_LOCALID) || rank;
  return { rank, worldSize, localRank, leader: rank === 0 };
}
