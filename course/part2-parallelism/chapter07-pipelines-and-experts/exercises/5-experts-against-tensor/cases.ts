// Mixtures that 7.5 is tried on: small ones, which are run, and large ones, to which the same formulas go.
import { draws } from "worldsize/exercise";

export interface Plan {
  readonly ranks: number;
  /** Of each rank. */
  readonly tokens: number;
  readonly width: number;
  readonly experts: number;
  readonly perToken: number;
}

/** The mixture that is run: its choices can be spread evenly, and a rank has as many experts as a token has. */
export function runOf(ranks: number, variant: number): Plan {
  return [
    { ranks, tokens: 2 * ranks, width: 8, experts: 2 * ranks, perToken: 2 },
    { ranks, tokens: 4 * ranks, width: 4, experts: ranks, perToken: 1 },
    { ranks, tokens: 2 * ranks, width: 6, experts: 3 * ranks, perToken: 3 },
  ][variant % 3];
}

/** DeepSeek-V3's (2024), Mixtral 8x7B's (2024), Switch's (2021), one rank, and drawn ones. */
export function plansOf(seed: number): Plan[] {
  const random = draws(seed, 75);
  return [
    { ranks: 64, tokens: 4096, width: 7168, experts: 256, perToken: 8 },
    { ranks: 8, tokens: 4096, width: 7168, experts: 256, perToken: 8 },
    { ranks: 4, tokens: 4096, width: 7168, experts: 256, perToken: 8 },
    { ranks: 8, tokens: 8192, width: 4096, experts: 8, perToken: 2 },
    { ranks: 1, tokens: 512, width: 1024, experts: 8, perToken: 2 },
    ...Array.from({ length: 4 }, () => {
      const ranks = 2 + Math.floor(7 * random());
      const perToken = 1 + Math.floor(4 * random());
      const experts = ranks * perToken * (1 + Math.floor(3 * random()));
      return { ranks, tokens: ranks * 16 * (1 + Math.floor(8 * random())), width: 256, experts, perToken };
    }),
  ];
}

/** Numbers of experts and experts of each token, for which the fewest ranks are asked. */
export const choices: readonly (readonly [experts: number, perToken: number])[] = [
  [8, 2],
  [256, 8],
  [6, 1],
  [8, 8],
  [5, 3],
  [60, 4],
  [9, 3],
];

/** Bytes that a rank sends in a layer, forward and backward. */
export interface Bytes {
  readonly even: number;
  readonly busiest: number;
  readonly tensor: number;
}

export function bytesOf({ ranks, tokens, width, perToken }: Plan): Bytes {
  const row = 4 * width;
  return {
    even: (4 * row * tokens * perToken * (ranks - 1)) / ranks,
    busiest: 2 * row * tokens * perToken * (ranks - 1),
    tensor: 2 * 2 * (ranks - 1) * tokens * row,
  };
}

export function fewestOf(experts: number, perToken: number): number {
  for (let ranks = 2; ranks <= experts; ranks++) if (experts % ranks === 0 && perToken < ranks) return ranks;
  return 0;
}
