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
  const travels = buckets.map(({ bytes }) => 2 * (ranks - 1) * (alpha + (bytes / ranks) * beta));
  const full = buckets.map((_, i) => buckets.slice(0, i + 1).reduce((sum, { after }) => sum + after, 0));
  const messages = travels.reduce((a, b) => a + b, 0);
  const backward = full[full.length - 1];
  // The last arrival: for the bucket that waits for nobody last, all that follow go one after the other.
  const free = Math.max(...full.map((at, i) => at + travels.slice(i).reduce((a, b) => a + b, 0)));
  const before = microBatches * forward + (microBatches - 1) * backward;
  const seconds = before + free;
  const inTurns = before + backward + messages;
  return { messages, seconds, hidden: ranks === 1 ? 0 : (inTurns - seconds) / Math.min(messages, backward) };
}

export function mostRanks({ samples, backward, bytes, alpha, beta }: Job): number {
  const messages = (n: number): number => 2 * (n - 1) * (alpha + (bytes / n) * beta);
  let n = 1;
  while (messages(n + 1) <= (backward * samples) / (n + 1)) n++;
  return n;
}
