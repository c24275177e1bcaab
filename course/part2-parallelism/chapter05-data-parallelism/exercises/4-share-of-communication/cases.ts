// What 5.4 is tried on: plans of a step, and jobs that could have more ranks. Times come from the library's ring on virtual time.
import { draws } from "worldsize/exercise";
import { runVirtual, uniformNetwork } from "worldsize/sim";

export interface Bucket {
  readonly bytes: number;
  readonly after: number;
}

export interface Plan {
  readonly ranks: number;
  readonly alpha: number;
  readonly beta: number;
  readonly microBatches: number;
  readonly forward: number;
  readonly buckets: readonly Bucket[];
}

export interface Job {
  readonly samples: number;
  readonly backward: number;
  readonly bytes: number;
  readonly alpha: number;
  readonly beta: number;
}

const MiB = 2 ** 20;
/** Two buckets of 20 ms each on 4 ranks, the first full after 30 ms: what is asked before. */
export const asked: Plan = {
  ranks: 4,
  alpha: 0,
  beta: 0.02 / (1.5 * 12 * MiB),
  microBatches: 1,
  forward: 0.02,
  buckets: [
    { bytes: 12 * MiB, after: 0.03 },
    { bytes: 12 * MiB, after: 0.01 },
  ],
};

/** Known ones first: each shows something of its own; the last five are drawn anew. */
export function plansOf(seed: number): Plan[] {
  const random = draws(seed);
  const base = { ranks: 4, alpha: 2e-5, beta: 1e-9, microBatches: 1, forward: 0.02 };
  const even = (count: number, bytes: number, after: number): Bucket[] => Array.from({ length: count }, () => ({ bytes, after })); // biome-ignore format: one row
  const MB12 = 12 * MiB;
  return [
    { ...base, buckets: even(1, MB12, 0.04) },
    asked,
    { ...base, buckets: even(4, MB12, 0.02) },
    { ...base, beta: 4e-9, buckets: even(4, MB12, 0.02) }, // messages are what takes longest
    { ...base, ranks: 8, alpha: 1e-3, buckets: even(12, MiB, 0.005) }, // latency is
    { ...base, microBatches: 4, buckets: even(3, MB12, 0.02) },
    { ...base, buckets: [{ bytes: MiB, after: 0.002 }, { bytes: 5 * MB12, after: 0.06 }, { bytes: MB12, after: 0.001 }] }, // biome-ignore format: one row
    { ...base, ranks: 1, microBatches: 2, buckets: even(2, MB12, 0.02) },
    { ...base, ranks: 2, buckets: even(2, MB12, 0.03) },
    ...Array.from({ length: 5 }, () => {
      const ranks = 2 + Math.floor(7 * random());
      const buckets = Array.from({ length: 2 + Math.floor(5 * random()) }, () => ({
        bytes: 4096 * ranks * (1 + Math.floor(900 * random())),
        after: 0.001 * (1 + Math.floor(40 * random())),
      }));
      const microBatches = 1 + Math.floor(3 * random());
      return { ranks, alpha: 1e-4 * random(), beta: 1e-9 * (0.5 + 3 * random()), microBatches, forward: 0.01, buckets };
    }),
  ];
}

export function jobsOf(seed: number): Job[] {
  const random = draws(seed, 1);
  const base = { samples: 64, backward: 0.01, bytes: 96 * MiB, alpha: 1e-5, beta: 1e-9 };
  return [
    base,
    { ...base, samples: 256 },
    { ...base, alpha: 2e-3 },
    { ...base, samples: 8, backward: 0.001 }, // one rank is all
    { ...base, bytes: 12 * MiB, beta: 2e-10, samples: 32 },
    ...Array.from({ length: 3 }, () => ({
      samples: 8 + Math.floor(200 * random()),
      backward: 0.005 * (1 + random()),
      bytes: MiB * (20 + Math.floor(100 * random())),
      alpha: 1e-4 * random(),
      beta: 1e-9 * (0.5 + random()),
    })),
  ];
}

/** Seconds of the library's ring on virtual time. */
export function ringSeconds(ranks: number, bytes: number, alpha: number, beta: number): number {
  return ranks === 1 ? 0 : runVirtual(uniformNetwork(ranks, alpha, beta), "ring", Math.round(bytes / 4)).seconds;
}

/** A bucket on its way, in seconds from the beginning of the last backward. */
export interface Sent {
  readonly full: number;
  readonly start: number;
  readonly end: number;
}

export interface Clock {
  readonly sent: readonly Sent[];
  readonly messages: number;
  readonly backward: number;
  /** Before the last backward begins. */
  readonly before: number;
  readonly seconds: number;
  readonly inTurns: number;
}

/** A step on ideal time. */
export function clockOf({ ranks, alpha, beta, microBatches, forward, buckets }: Plan): Clock {
  const sent: Sent[] = [];
  let full = 0;
  for (const { bytes, after } of buckets) {
    full += after;
    const start = Math.max(full, sent.at(-1)?.end ?? 0);
    sent.push({ full, start, end: start + ringSeconds(ranks, bytes, alpha, beta) });
  }
  const messages = sent.reduce((sum, { start, end }) => sum + end - start, 0);
  const before = microBatches * forward + (microBatches - 1) * full;
  const last = sent.at(-1)?.end ?? 0;
  return { sent, messages, backward: full, before, seconds: before + last, inTurns: before + full + messages };
}
