// Exercise 1.3: who am I? The launcher says so in the environment, each launcher with its own names.
export function identity(env: Record<string, string | undefined>): {
  rank: number;
  worldSize: number;
  localRank: number;
  leader: boolean;
} {
  const rank = Number(env.RANK);
  return { rank, worldSize: Number(env.WORLD_SIZE), localRank: rank, leader: rank === 0 };
}
