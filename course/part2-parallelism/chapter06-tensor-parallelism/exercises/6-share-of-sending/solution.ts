// Tensor parallelism's cost (Shoeybi et al., 2019): four all_reduces of the stream for each layer and step.
interface Link {
  alpha: number;
  beta: number;
}

interface Plan {
  ranks: number;
  tokens: number;
  width: number;
  bytes: number;
  flops: number;
  link: Link;
  overlap: boolean;
}

interface Cluster {
  tokens: number;
  width: number;
  bytes: number;
  flops: number;
  heads: number;
  perNode: number;
  inside: Link;
  between: Link;
}

export function layer({ ranks, tokens, width, bytes, flops, link, overlap }: Plan): {
  sending: number;
  computing: number;
  seconds: number;
} {
  const each = (tokens * width * bytes) / ranks;
  const reduce = 2 * (ranks - 1) * (link.alpha + each * link.beta);
  /** Of one product with weights of so many times h². */
  const product = (weights: number): number => (2 * tokens * weights * width ** 2) / ranks / flops;
  const sending = 4 * reduce;
  const computing = 3 * product(4 + 4 + 4); // forward once, backward twice
  const hidden = overlap ? Math.min(reduce, product(3)) + Math.min(reduce, product(4)) : 0;
  return { sending, computing, seconds: sending + computing - hidden };
}

export function fastest({ heads, perNode, inside, between, ...rest }: Cluster): number {
  let [best, least] = [1, Infinity];
  for (let ranks = 1; ranks <= heads; ranks++) {
    if (heads % ranks !== 0) continue;
    const link = ranks <= perNode ? inside : between;
    const { seconds } = layer({ ...rest, ranks, link, overlap: false });
    if (seconds < least) [best, least] = [ranks, seconds];
  }
  return best;
}
