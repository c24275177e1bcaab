// The bubble of a pipeline, and the activations that its ranks keep (Narayanan et al., 2021).
interface Plan {
  schedule: "gpipe" | "1f1b" | "interleaved";
  ranks: number;
  microBatches: number;
  /** Stages of each rank: 1, but for interleaved ones. */
  chunks: number;
}

/** The share of all ranks' time in which they are idle. */
export function bubble({ ranks, microBatches, chunks }: Plan): number {
  // A rank works on each micro-batch at each of its stages, and is idle while the first comes to it and the last goes back.
  const [working, idle] = [chunks * microBatches, ranks - 1];
  return idle / (working + idle);
}

/** By rank: most micro-batches whose activations it keeps at a time, counted with all of its layers. */
export function kept({ schedule, ranks, microBatches, chunks }: Plan): number[] {
  return Array.from({ length: ranks }, (_, rank) => {
    if (schedule === "gpipe") return microBatches;
    const behind = ranks - 1 - rank;
    // One more than the forwards that come before one forward and one backward take turns.
    const stages = schedule === "1f1b" ? behind + 1 : 2 * behind + (chunks - 1) * ranks + 1;
    const most = chunks * microBatches;
    return Math.min(stages, most) / chunks;
  });
}
