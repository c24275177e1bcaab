// The first row, or the rest of them; and who started it, for the log.
const table = [
  ["RANK", "WORLD_SIZE", "LOCAL_RANK"],
  ["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"],
  ["SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID"],
];

export function identity(env: Record<string, string | undefined>, rows = table): Record<string, unknown> {
  const [row, ...rest] = rows;
  if (!row) throw new Error("RANK and WORLD_SIZE are needed");
  const [rank, worldSize, localRank] = row.map((name) => (name in env ? Number(env[name]) : Number.NaN));
  if (Number.isNaN(rank + worldSize)) return identity(env, rest);
  return { rank, worldSize, localRank: Number.isNaN(localRank) ? rank : localRank, leader: !rank, by: row[0] };
}
