// The model that 5.2 trains: two linear layers with a tanh between them; and its gradients, worked out in f64.
import type { Tensor, TensorDevice } from "worldsize";
import { draws } from "worldsize/exercise";

export const INPUTS = 3;
const HIDDEN = 4;
/** Tokens of a micro-batch. */
const TOKENS = 2;

/** Shapes of the parameters: w1, b1, w2, b2. */
export const SHAPES = [[INPUTS, HIDDEN], [HIDDEN], [HIDDEN, 1], [1]] as const;
export const NAMES = ["w1", "b1", "w2", "b2"] as const;
export const SIZES = SHAPES.map((shape) => shape.reduce<number>((product, length) => product * length, 1));

export interface Token {
  readonly x: readonly number[];
  readonly y: number;
}
/** Tokens of a micro-batch, which all count. */
export type Batch = readonly Token[];

/** Micro-batches of each step, by run of a world size. Windows differ, and each has two at least somewhere. */
export function windowsOf(variant: number): readonly number[] {
  return [
    [4, 4, 3],
    [2, 3, 1, 2],
    [3, 5, 4],
  ][variant % 3];
}

/** By step, then by micro-batch: what a rank is given. */
export function stepsOf(seed: number, variant: number, rank: number): Batch[][] {
  const random = draws(variant === 0 ? 52 : seed, rank, variant);
  const token = (): Token => {
    const x = Array.from({ length: INPUTS }, () => Math.floor(65 * random()) / 16 - 2);
    return { x, y: x[0] - x[1] * x[2] + rank };
  };
  return windowsOf(variant).map((count) =>
    Array.from({ length: count }, () => Array.from({ length: TOKENS }, () => token())),
  );
}

/** What all ranks begin with: all parameters, one behind the other. */
export function beginning(seed: number): number[] {
  const random = draws(seed, 520);
  return Array.from({ length: SIZES.reduce((a, b) => a + b) }, () => Math.floor(33 * random()) / 32 - 0.5);
}

/** The mean of the squared errors, by operations that gradients flow through. */
export function lossOf(device: TensorDevice, batch: Batch, [w1, b1, w2, b2]: readonly Tensor[]): Tensor {
  const x = device.from(
    batch.flatMap((token) => token.x),
    [batch.length, INPUTS],
  );
  const y = device.from(
    batch.map((token) => token.y),
    [batch.length, 1],
  );
  const error = x.matmul(w1).add(b1).tanh().matmul(w2).add(b2).sub(y);
  return error.mul(error).mean();
}

/** Mean loss of a micro-batch, and its gradients one behind the other, at these parameters. */
export function gradientsOf(batch: Batch, parameters: readonly number[]): { loss: number; gradients: number[] } {
  const w1 = parameters.slice(0, SIZES[0]);
  const [b1, w2] = [SIZES[0], SIZES[0] + HIDDEN].map((from) => parameters.slice(from, from + HIDDEN));
  const b2 = parameters[parameters.length - 1];
  const gradients = parameters.map(() => 0);
  let loss = 0;
  for (const { x, y } of batch) {
    const h = b1.map((bias, j) => Math.tanh(x.reduce((sum, each, i) => sum + each * w1[i * HIDDEN + j], bias)));
    const error = h.reduce((sum, each, j) => sum + each * w2[j], b2) - y;
    loss += error ** 2 / batch.length;
    const dy = (2 * error) / batch.length;
    for (const [j, each] of h.entries()) {
      const dh = dy * w2[j] * (1 - each * each);
      for (const [i, input] of x.entries()) gradients[i * HIDDEN + j] += dh * input;
      gradients[SIZES[0] + j] += dh;
      gradients[SIZES[0] + HIDDEN + j] += dy * each;
    }
    gradients[gradients.length - 1] += dy;
  }
  return { loss, gradients };
}
