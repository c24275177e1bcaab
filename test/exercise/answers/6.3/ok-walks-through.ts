// Walks through the model, module by module, and notes what each calls.
type Kind = "allReduce" | "allGather" | "reduceScatter";
type Traffic = Record<Kind | "bytes", number>;

interface Plan {
  layers: number;
  tokens: number;
  width: number;
  sequence: boolean;
}

export function count(plan: Plan): { forward: Traffic; backward: Traffic; norms: Traffic } {
  const { layers, tokens, width, sequence } = plan;
  const empty = (): Traffic => ({ bytes: 0, reduceScatter: 0, allGather: 0, allReduce: 0 });
  const [forward, backward, norms] = [empty(), empty(), empty()];
  const call = (part: Traffic, kind: Kind, elements: number): void => {
    part[kind] += 1;
    part.bytes += elements * Float32Array.BYTES_PER_ELEMENT;
  };
  let weights = 0;
  const normed = (): void => {
    weights += width;
  };
  /** Before columns. */
  const open = (): void => {
    if (sequence) call(forward, "allGather", tokens * width);
    call(backward, sequence ? "reduceScatter" : "allReduce", tokens * width);
  };
  /** After rows. */
  const close = (): void => {
    call(forward, sequence ? "reduceScatter" : "allReduce", tokens * width);
    if (sequence) call(backward, "allGather", tokens * width);
  };
  close(); // the embedding
  for (let layer = 0; layer < layers; layer++) {
    for (const _ of ["attention", "mlp"]) {
      normed();
      open();
      close();
    }
  }
  normed();
  open(); // the head
  if (sequence) call(norms, "allReduce", weights);
  return { forward, backward, norms };
}
