// Bytes of a mixture: rows that travel to experts and back, against sums over ranks that have a part of every expert.
interface Plan {
  ranks: number;
  tokens: number;
  width: number;
  experts: number;
  perToken: number;
}

export function expertBytes({ ranks, tokens, width, perToken }: Plan): { even: number; busiest: number } {
  const rows = tokens * perToken;
  const row = 4 * width;
  // Dispatch and combine, and both again backward: of each, (n - 1)/n is for others.
  const even = (4 * rows * row * (ranks - 1)) / ranks;
  // The rank with all the experts receives in dispatch, and answers the others in combine; backward the same.
  const busiest = 2 * (ranks - 1) * rows * row;
  return { even, busiest };
}

export function tensorBytes({ ranks, tokens, width }: Plan): number {
  const all = tokens * ranks * 4 * width; // every rank has all tokens
  const reduce = (2 * (ranks - 1) * all) / ranks;
  return 2 * reduce; // forward and backward
}

/** even / tensor is perToken / ranks. */
export function fewest(experts: number, perToken: number): number {
  for (let ranks = perToken + 1; ranks <= experts; ranks++) {
    if (ranks > 1 && experts % ranks === 0) return ranks;
  }
  return 0;
}
