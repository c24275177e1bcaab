/** Gradients against central differences, in float64. */
import { Value } from "../../src/autograd/twin.ts";
import { mulberry32 } from "../../src/platform/random.ts";
import { Plain } from "../../src/tensor/plain.ts";
import { type Shape, sizeOfShape } from "../../src/tensor/shape.ts";

/** Random numbers of a shape, from -2 to 2 unless said otherwise. */
export function draw(shape: Shape, seed: number, from = -2, to = 2): Plain {
  const random = mulberry32(seed);
  return new Plain(
    shape,
    Array.from({ length: sizeOfShape(shape) }, () => from + (to - from) * random()),
  );
}

/**
 * The largest difference between a gradient and its central difference, relative to the larger of the difference and 1.
 * The function's result is weighed with random numbers, so that no derivative can hide behind a sum.
 */
export function gradientError(
  f: (...inputs: Value[]) => Value,
  inputs: readonly Plain[],
  seed = 1,
  step = 1e-5,
): number {
  const leaves = inputs.map((input) => new Value(input));
  const y = f(...leaves);
  const upstream = draw(y.shape, seed, -1, 1);
  y.backward(upstream);
  const loss = (which: number, i: number, by: number): number => {
    const moved = inputs.map((input, at) => {
      const data = Float64Array.from(input.data);
      if (at === which) data[i] += by;
      return new Value(new Plain(input.shape, data));
    });
    return f(...moved).data.data.reduce((sum, value, at) => sum + value * upstream.data[at], 0);
  };
  let worst = 0;
  for (const [which, leaf] of leaves.entries()) {
    if (String(leaf.grad?.shape ?? leaf.shape) !== String(leaf.shape)) return Number.POSITIVE_INFINITY;
    for (let i = 0; i < leaf.data.data.length; i++) {
      const slope = (loss(which, i, step) - loss(which, i, -step)) / (2 * step);
      const error = Math.abs((leaf.grad?.data[i] ?? 0) - slope) / Math.max(1, Math.abs(slope));
      if (!(error <= worst)) worst = error; // NaN is the worst
    }
  }
  return worst;
}
