/**
 * A pipeline's schedule is data: for each rank the order in which it works on stages and micro-batches. What is drawn,
 * checked, simulated and run is this one table. Names of actions are those of torch.distributed.pipelining.
 */

/**
 * What is done for one micro-batch at one stage: forward (F); backward, whole (B) or in its two halves: gradients of the
 * stage's input (I), and of its weights (W). The Zero Bubble paper calls I "B", DeepSeek-V3 calls the whole "B".
 */
export type ActionKind = "F" | "B" | "I" | "W";

/** One piece of work. */
export interface Action {
  readonly kind: ActionKind;
  /** From 0, in the order in which a micro-batch passes them. */
  readonly stage: number;
  /** From 0. */
  readonly microBatch: number;
}

/** Who does what, in which order. */
export interface Schedule {
  /** Such as `1f1b`. */
  readonly name: string;
  readonly stages: number;
  readonly microBatches: number;
  /** By rank. A stage is at one rank; a rank may have several stages. */
  readonly ranks: readonly (readonly Action[])[];
}

/** `3F0`: stage 3, forward, micro-batch 0. */
export function actionText({ kind, stage, microBatch }: Action): string {
  return `${stage}${kind}${microBatch}`;
}

/** The rank of each stage. @throws RangeError for a stage that is at no rank, or at two. */
export function stageRanks({ ranks, stages }: Pick<Schedule, "ranks" | "stages">): number[] {
  const found: (number | undefined)[] = Array.from({ length: stages }, () => undefined);
  for (const [rank, actions] of ranks.entries()) {
    for (const { stage } of actions) {
      const other = found[stage] ?? rank;
      if (other !== rank)
        throw new RangeError(`Stage ${stage} is at rank ${other} and at rank ${rank}; it has to be at one.`);
      found[stage] = rank;
    }
  }
  return found.map((rank, stage) => {
    if (rank === undefined) throw new RangeError(`Stage ${stage} of ${stages} is at no rank.`);
    return rank;
  });
}

/** What has to be done before an action can begin. */
export function needsOf({ kind, stage, microBatch }: Action, { stages }: Pick<Schedule, "stages">): Action[] {
  if (kind === "F") return stage > 0 ? [{ kind: "F", stage: stage - 1, microBatch }] : [];
  if (kind === "W") return [{ kind: "I", stage, microBatch }];
  const needs: Action[] = [{ kind: "F", stage, microBatch }];
  // Of the stage behind it the gradient of its output: the whole backward, or its first half.
  if (stage + 1 < stages) needs.push({ kind: "I", stage: stage + 1, microBatch });
  return needs;
}
