// What is thrown is a text.
const table = [
  ["RANK", "WORLD_SIZE", "LOCAL_RANK"],
  ["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"],
  ["SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID"],
];

export function identity(env: Record<string, string | undefined>) {
  for (const [r, n, l] of table) {
    if (!env[r] || !env[n]) continue;
    const [rank, worldSize, localRank] = [Number(env[r]), Number(env[n]), Number(env[l] ?? env[r])];
    return { rank, worldSize, localRank, leader: rank === 0 };
  }
  throw "set RANK and WORLD_SIZE";
}
