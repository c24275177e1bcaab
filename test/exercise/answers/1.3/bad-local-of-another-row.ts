// Somebody tells the rank within the host, never mind who.
const table = [
  ["RANK", "WORLD_SIZE", "LOCAL_RANK"],
  ["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"],
  ["SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID"],
];

export function identity(env: Record<string, string | undefined>) {
  const row = table.find(([r, n]) => env[r] !== undefined && env[n] !== undefined);
  if (!row) throw new Error("set RANK and WORLD_SIZE");
  const rank = Number(env[row[0]]);
  const worldSize = Number(env[row[1]]);
  const localRank = Number(env.LOCAL_RANK ?? env.OMPI_COMM_WORLD_LOCAL_RANK ?? env.SLURM_LOCALID ?? rank);
  return { rank, worldSize, localRank, leader: rank === 0 };
}
