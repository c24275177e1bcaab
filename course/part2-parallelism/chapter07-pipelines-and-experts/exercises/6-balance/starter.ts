// Exercise 7.6: the load-balancing loss of a step, on any number of ranks and micro-batches; and which routers learn at all.
import type { ProcessGroup, TensorDevice } from "worldsize";

interface Part {
  layers: { scores: number[][]; chosen: number[][] }[]; // [tokens][experts] and [tokens][k], of each mixture
  real: boolean[]; // of each token: false for padding
}

export async function balance(
  world: ProcessGroup,
  device: TensorDevice,
  parts: Part[], // this rank's micro-batches of the step; there may be none
  factor: number,
): Promise<{ value: number; gradients: number[][][][] }> {
  // By micro-batch, layer, token and expert. A tensor of one number for allReduce: device.tensor([number]).
  const gradients = parts.map(({ layers }) => layers.map(({ scores }) => scores.map((row) => row.map(() => 0))));
  return { value: factor, gradients };
}

/** Whether the scores get a gradient from the weights of the experts that are chosen. */
export function learns(experts: number, perToken: number, normalized: boolean): boolean {
  return true;
}
