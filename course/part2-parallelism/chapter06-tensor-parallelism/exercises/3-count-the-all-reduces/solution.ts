// Megatron-LM's two all_reduces per layer and direction (Shoeybi et al., 2019); with the sequence cut (Korthikanti et al., 2022).
interface Plan {
  layers: number;
  tokens: number;
  width: number;
  sequence: boolean;
}

interface Traffic {
  allReduce: number;
  allGather: number;
  reduceScatter: number;
  bytes: number;
}

export function count({ layers, tokens, width, sequence }: Plan): {
  forward: Traffic;
  backward: Traffic;
  norms: Traffic;
} {
  const stream = 4 * tokens * width;
  const none = { allReduce: 0, allGather: 0, reduceScatter: 0, bytes: 0 };
  // Forward: after the embedding, after attention, after the MLP. Backward: before each of the latter, and before the head.
  const places = 2 * layers + 1;
  if (!sequence) {
    const each = { ...none, allReduce: places, bytes: places * stream };
    return { forward: each, backward: each, norms: none };
  }
  // Each all_reduce is a reduce_scatter now, and later, where tokens are needed whole again, an all_gather.
  const each = { ...none, allGather: places, reduceScatter: places, bytes: 2 * places * stream };
  // Two norms per layer and the last one: their gradients are sums over the own tokens.
  const norms = { ...none, allReduce: 1, bytes: 4 * places * width };
  return { forward: each, backward: each, norms };
}
