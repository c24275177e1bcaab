// A rank is a digit.
const table = [
  ["RANK", "WORLD_SIZE", "LOCAL_RANK"],
  ["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"],
  ["SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID"],
];

export function identity(env: Record<string, string | undefined>) {
  const row = table.find(([r, n]) => r in env && n in env);
  if (!row) throw new Error("set RANK and WORLD_SIZE");
  const digit = (name: string) => Number(env[name]?.[0]);
  const rank = digit(row[0]);
  return { rank, worldSize: Number(env[row[1]]), localRank: env[row[2]] ? digit(row[2]) : rank, leader: rank === 0 };
}
