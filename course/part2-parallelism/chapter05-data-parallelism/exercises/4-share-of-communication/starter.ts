// Exercise 5.4: what a data-parallel step takes, and with how many ranks messages take no longer than backward.
interface Plan {
  ranks: number;
  /** A message of b bytes takes alpha + b × beta seconds. */
  alpha: number;
  beta: number;
  microBatches: number;
  /** Seconds, of one micro-batch. */
  forward: number;
  /** In the order in which they leave. after: seconds of backward from the bucket before until this one is full. */
  buckets: { bytes: number; after: number }[];
}

interface Job {
  samples: number;
  /** Seconds, of one sample. */
  backward: number;
  bytes: number;
  alpha: number;
  beta: number;
}

export function step(_plan: Plan): { messages: number; seconds: number; hidden: number } {
  return { messages: 0, seconds: 0, hidden: 0 };
}

export function mostRanks(_job: Job): number {
  return 1;
}
