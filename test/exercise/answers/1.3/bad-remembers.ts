// The environment does not change: look once.
const table = [
  ["RANK", "WORLD_SIZE", "LOCAL_RANK"],
  ["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"],
  ["SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID"],
];
let known: { rank: number; worldSize: number; localRank: number; leader: boolean } | undefined;

export function identity(env: Record<string, string | undefined>) {
  if (known) return known;
  const row = table.find(([r, n]) => env[r] !== undefined && env[n] !== undefined);
  if (!row) throw new Error("set RANK and WORLD_SIZE");
  const [rank, worldSize] = [Number(env[row[0]]), Number(env[row[1]])];
  known = { rank, worldSize, localRank: Number(env[row[2]] ?? rank), leader: rank === 0 };
  return known;
}
