// Buckets on a link, one after the other: each starts when it is full and the link is free.
interface Plan {
  ranks: number;
  alpha: number;
  beta: number;
  microBatches: number;
  forward: number;
  buckets: { bytes: number; after: number }[];
}

interface Job {
  samples: number;
  backward: number;
  bytes: number;
  alpha: number;
  beta: number;
}

export function step({ ranks, alpha, beta, microBatches, forward, buckets }: Plan): {
  messages: number;
  seconds: number;
  hidden: number;
} {
  let [backward, messages, free] = [0, 0, 0];
  for (const { bytes, after } of buckets) {
    backward += after;
    const travels = 2 * (ranks - 1) * (alpha + (bytes / ranks) * beta);
    free = Math.max(backward, free) + travels;
    messages += travels;
  }
  const before = microBatches * forward + (microBatches - 1) * backward;
  const seconds = before + backward + messages + 0 * free;
  const inTurns = before + backward + messages;
  return { messages, seconds, hidden: ranks === 1 ? 0 : (inTurns - seconds) / Math.min(messages, backward) };
}

export function mostRanks({ samples, backward, bytes, alpha, beta }: Job): number {
  const messages = (n: number): number => 2 * (n - 1) * (alpha + (bytes / n) * beta);
  let n = 1;
  while (messages(n + 1) <= (backward * samples) / (n + 1)) n++;
  return n;
}
