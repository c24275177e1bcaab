// What 7.1 is tried on: pipelines of all three kinds, odd shapes among them; and what the library's schedules take on ideal time.
import { draws } from "worldsize/exercise";
import { schedules, timeOf } from "worldsize/parallel";

export interface Plan {
  readonly schedule: "gpipe" | "1f1b" | "interleaved";
  readonly ranks: number;
  readonly microBatches: number;
  /** Stages of each rank: 1, but for interleaved ones. */
  readonly chunks: number;
}

const plain = (ranks: number, microBatches: number): Plan[] =>
  (["gpipe", "1f1b"] as const).map((schedule) => ({ schedule, ranks, microBatches, chunks: 1 }));

/** Known ones first: each shows something of its own; the last ones are drawn anew. */
export function plansOf(seed: number): Plan[] {
  const random = draws(seed, 71);
  const whole = (from: number, to: number): number => from + Math.floor((to - from + 1) * random());
  const interleaved = (ranks: number, rounds: number, chunks: number): Plan => ({
    ...{ schedule: "interleaved" as const, ranks, microBatches: rounds * ranks, chunks },
  });
  return [
    ...plain(4, 8),
    ...plain(8, 32),
    ...plain(1, 5),
    ...plain(5, 1),
    ...plain(7, 3), // fewer micro-batches than ranks
    ...plain(3, 3),
    interleaved(4, 2, 2),
    interleaved(4, 2, 3),
    interleaved(3, 1, 2), // one round: all forwards fit before the first backward
    interleaved(1, 4, 2),
    interleaved(5, 1, 4),
    ...plain(whole(2, 9), whole(1, 24)),
    ...plain(whole(2, 9), whole(1, 24)),
    interleaved(whole(2, 6), whole(1, 4), whole(2, 4)),
    interleaved(whole(2, 6), whole(1, 4), whole(2, 4)),
  ];
}

/** What a plan takes on ideal time, with backward twice as long as forward. */
export function measured({ schedule, ranks, microBatches, chunks }: Plan): { bubble: number; kept: number[] } {
  const { bubble, peaks } = timeOf(schedules[schedule]({ ranks, microBatches, chunks }), { F: 1, I: 1, W: 1 });
  return { bubble, kept: peaks.map((peak) => peak / chunks) };
}
