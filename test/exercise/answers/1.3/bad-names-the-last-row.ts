// The last variable that was looked for is the one to name.
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
  throw new Error("no OMPI_COMM_WORLD_RANK, no WORLD_SIZE");
}
