// There are eight ranks on a host.
const table = [
  ["RANK", "WORLD_SIZE", "LOCAL_RANK"],
  ["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"],
  ["SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID"],
];

export function identity(env: Record<string, string | undefined>) {
  const row = table.find(([r, n]) => env[r] !== undefined && env[n] !== undefined);
  if (!row) throw new Error("set RANK and WORLD_SIZE");
  const [rank, worldSize] = [Number(env[row[0]]), Number(env[row[1]])];
  return { rank, worldSize, localRank: rank % 8, leader: rank === 0 };
}
