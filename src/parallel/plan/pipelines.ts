/**
 * What a schedule takes, and keeps, by formulas: a plan compares thousands of layouts, each with thousands of actions. Tests
 * compare them with `timeOf` and `peakOf` of the schedules themselves.
 */
import { type ScheduleName, schedules, timeOf } from "../pipeline/index.ts";

/** Numbers of a schedule. */
export interface PlannedPipeline {
  readonly schedule: ScheduleName;
  readonly ranks: number;
  /** Stages of each rank. */
  readonly chunks: number;
  readonly microBatches: number;
}

/**
 * Most stages' activations that rank `rank` keeps at once, as `peakOf` counts them: exact where micro-batches are a multiple of the
 * ranks and, for zb-v, at least twice as many; otherwise at most one round too many.
 */
export function plannedPeak({ schedule, ranks, chunks, microBatches }: PlannedPipeline, rank: number): number {
  const most = chunks * microBatches;
  if (ranks === 1) return chunks;
  if (schedule === "gpipe") return most;
  if (schedule === "1f1b") return Math.min(most, ranks - rank);
  if (schedule === "zb-h1") return Math.min(most, ranks);
  if (schedule === "zb-v") return Math.min(most, 2 * ranks);
  // Forwards before the first backward, and the one just before it.
  return Math.min(most, 2 * (ranks - rank - 1) + (chunks - 1) * ranks + 1);
}

/** How long the actions of one rank and micro-batch take, over all of its stages, in any unit of time. */
export interface RankDurations {
  readonly F: number;
  readonly I: number;
  readonly W: number;
  /** To the next stage, where it waits. */
  readonly message?: number;
}

/**
 * From the first forward to the last backward. All ranks work for m (F + I + W); beside that stands what they wait:
 *
 *   gpipe, 1f1b   (p - 1) (F + I + W)                        Huang et al., 2019; Narayanan et al., 2021
 *   interleaved   (p - 1) (F + I + W) / v, m a multiple of p     Narayanan et al., 2021
 *   zb-h1         (p - 1) (F + I - W), m at least p              Qi et al., 2023
 *
 * and messages: 1f1b waits for about two for each micro-batch, because a rank has as many micro-batches in flight as fill the way there
 * and back without them; the others for those that fill and drain the pipeline. Other shapes are timed action by action.
 */
export function plannedMakespan(pipeline: PlannedPipeline, durations: RankDurations): number {
  const { schedule, ranks: p, chunks, microBatches: m } = pipeline;
  const { F, I, W, message = 0 } = durations;
  const work = m * (F + I + W);
  if (p === 1) return work;
  if (schedule === "gpipe") return work + (p - 1) * (F + I + W + 2 * message);
  if (schedule === "1f1b") return work + (p - 1) * (F + I + W + 2 * message * (1 + (m - 1) / p));
  if (schedule === "interleaved" && m % p === 0)
    return work + ((p - 1) / chunks) * (F + I + W) + 2 * (p * chunks - 1) * message;
  if (schedule === "zb-h1" && W <= F + I && m >= 2 * p) return work + (p - 1) * (F + I - W + 4 * message);
  const each = { F: F / chunks, I: I / chunks, W: W / chunks, message };
  return timeOf(schedules[schedule]({ ranks: p, chunks, microBatches: m }), each).makespan;
}
