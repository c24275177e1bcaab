// Exercise 6.3: the collectives of one step of a tensor-parallel decoder.
//
// bytes: of the whole tensors, 4 per element. The loss is left out.
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
  const none = { allReduce: 0, allGather: 0, reduceScatter: 0, bytes: 0 };
  return { forward: { ...none }, backward: { ...none }, norms: { ...none } };
}
