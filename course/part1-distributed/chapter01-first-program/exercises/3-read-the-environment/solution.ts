// The first launcher whose rank and world size are both there.
const launchers = [
  ["RANK", "WORLD_SIZE", "LOCAL_RANK"],
  ["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"],
  ["SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID"],
] as const;

export function identity(env: Record<string, string | undefined>): {
  rank: number;
  worldSize: number;
  localRank: number;
  leader: boolean;
} {
  const found = launchers.find(([rank, size]) => env[rank] !== undefined && env[size] !== undefined);
  if (!found) throw new Error("This process does not know who it is: set RANK and WORLD_SIZE, or use a launcher.");
  const rank = Number(env[found[0]]);
  const localRank = Number(env[found[2]] ?? rank);
  return { rank, worldSize: Number(env[found[1]]), localRank, leader: rank === 0 };
}
