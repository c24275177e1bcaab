/** Schedules without halves of backward: GPipe, 1F1B, and 1F1B with several stages for each rank. */
import type { Action, ActionKind, Schedule } from "./schedule.ts";

/** How many ranks there are, stages at each, and pieces of a batch. */
export interface PipelineShape {
  readonly ranks: number;
  /** Stages of a rank; 1 if not given. */
  readonly chunks?: number;
  readonly microBatches: number;
}

/** @throws RangeError for numbers of ranks, stages or micro-batches that are none. */
export function checkShape({ ranks, chunks = 1, microBatches }: PipelineShape): void {
  for (const [what, value] of Object.entries({ ranks, "stages of a rank": chunks, "micro-batches": microBatches })) {
    if (Number.isSafeInteger(value) && value >= 1) continue;
    throw new RangeError(
      `A pipeline has at least one of its ranks, stages and micro-batches, but got ${value} ${what}.`,
    );
  }
}

const act = (kind: ActionKind, stage: number, microBatch: number): Action => ({ kind, stage, microBatch });
const count = (length: number): number[] => Array.from({ length }, (_, i) => i);

/** Every forward, then every backward (Huang et al., "GPipe", 2019). */
export function gpipe(shape: PipelineShape): Schedule {
  checkShape(shape);
  const { ranks, microBatches } = shape;
  const all = count(microBatches);
  return {
    name: "gpipe",
    stages: ranks,
    microBatches,
    ranks: count(ranks).map((p) => [...all.map((m) => act("F", p, m)), ...all.map((m) => act("B", p, m))]),
  };
}

/**
 * One forward, one backward (PipeDream-Flush; Narayanan et al., 2021): as many forwards first as there are stages from this
 * one on, so that no rank keeps more micro-batches than that.
 */
export function oneForwardOneBackward(shape: PipelineShape): Schedule {
  checkShape(shape);
  const { ranks, microBatches } = shape;
  return {
    name: "1f1b",
    stages: ranks,
    microBatches,
    ranks: count(ranks).map((p) => {
      const order = count(microBatches);
      const warmup = ranks - p - 1;
      return alternate(
        order.map((m) => act("F", p, m)),
        order.map((m) => act("B", p, m)),
        warmup,
      );
    }),
  };
}

/**
 * Stages dealt out in turn: rank p has stages p, p + ranks, … (Narayanan et al., "Efficient Large-Scale Language Model
 * Training on GPU Clusters Using Megatron-LM", 2021). Micro-batches pass the first stages in rounds of as many as there are
 * ranks. Megatron-LM has whole rounds only; here the last one is made whole, and what is too many is left out.
 */
export function interleaved(shape: PipelineShape): Schedule {
  checkShape(shape);
  const { ranks, chunks = 2, microBatches } = shape;
  const rounds = count(Math.ceil(microBatches / ranks)).map((round) => count(ranks).map((i) => round * ranks + i));
  const lists = count(ranks).map((p) => {
    const passes = (kind: ActionKind, chunkOf: (turn: number) => number): Action[] =>
      rounds.flatMap((round) =>
        count(chunks).flatMap((turn) => round.map((m) => act(kind, p + chunkOf(turn) * ranks, m))),
      );
    const warmup = 2 * (ranks - p - 1) + (chunks - 1) * ranks;
    return alternate(
      passes("F", (turn) => turn),
      passes("B", (turn) => chunks - 1 - turn),
      warmup,
    );
  });
  return { name: "interleaved", stages: ranks * chunks, microBatches, ranks: withoutExtra(lists, microBatches) };
}

/** Lists without the micro-batches from this one on. What is left waits for nothing that is gone. */
export function withoutExtra(lists: readonly (readonly Action[])[], microBatches: number): Action[][] {
  return lists.map((list) => list.filter(({ microBatch }) => microBatch < microBatches));
}

/** Some forwards, then one forward and one backward in turn, then the rest of the backwards. */
function alternate(forward: readonly Action[], backward: readonly Action[], warmup: number): Action[] {
  const order = forward.slice(0, warmup);
  for (const [i, b] of backward.entries()) {
    const next = forward[warmup + i];
    if (next) order.push(next);
    order.push(b);
  }
  return order;
}
