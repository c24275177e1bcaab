// Rows are counted one by one over all ranks, with whole numbers where it can be.
type Plan = { ranks: number; tokens: number; width: number; experts: number; perToken: number };

export function expertBytes({ ranks, tokens, width, perToken }: Plan) {
  const choices = tokens * perToken;
  const matrix = (to: (rank: number) => number) =>
    Array.from({ length: ranks }, () => Array.from({ length: ranks }, (_, rank) => to(rank)));
  const sent = (rows: number[][], rank: number): number => {
    const there = rows[rank].reduce((sum, each, to) => sum + (to === rank ? 0 : each), 0);
    const back = rows.reduce((sum, each, from) => sum + (from === rank ? 0 : each[rank]), 0);
    return 2 * (there + back) * width * 4;
  };
  const even = sent(
    matrix(() => choices / ranks),
    0,
  );
  const uneven = matrix((rank) => (rank === 0 ? choices : 0));
  return { busiest: Math.max(...uneven.map((_, rank) => sent(uneven, rank))), even };
}

export const tensorBytes = (plan: Plan): number => (4 * expertBytes({ ...plan, perToken: plan.ranks }).even) / 4;

export function fewest(experts: number, perToken: number): number {
  const plan = { tokens: 1, width: 1, experts, perToken };
  const can = Array.from({ length: experts - 1 }, (_, i) => i + 2).filter((ranks) => experts % ranks === 0);
  return can.find((ranks) => expertBytes({ ...plan, ranks }).even < tensorBytes({ ...plan, ranks }) - 1e-9) ?? 0;
}
