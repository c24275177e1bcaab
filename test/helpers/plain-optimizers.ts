/** Optimizers in float64 as their papers have them: references for those of nn. */
import type { OptimizerOptions } from "./fixtures.ts";

type Numbers = Float64Array;

/** One parameter's part of a step: changes it in place. @param step from 1. */
export type Update = (parameter: Numbers, gradient: Numbers, step: number) => void;

/** v ← momentum · v + g; w ← w - lr · v, or with Nesterov's look ahead g + momentum · v in place of v. Decay is part of g. */
export function sgd(options: OptimizerOptions): Update {
  const { lr, momentum = 0, nesterov = false, weightDecay = 0 } = options;
  let velocity: Numbers | undefined;
  return (w, gradient) => {
    const g = gradient.map((value, i) => value + weightDecay * w[i]);
    velocity = velocity ? velocity.map((v, i) => momentum * v + g[i]) : g.slice();
    for (let i = 0; i < w.length; i++) w[i] -= lr * (nesterov ? g[i] + momentum * velocity[i] : velocity[i]);
  };
}

/**
 * Adam (Kingma and Ba, 2015) and AdamW (Loshchilov and Hutter, 2019).
 * @param decoupled AdamW: weights decay by themselves, in place of by way of the gradient.
 */
export function adam(options: OptimizerOptions, decoupled: boolean): Update {
  const { lr, betas = [0.9, 0.999], eps = 1e-8, weightDecay = decoupled ? 0.01 : 0 } = options;
  const [beta1, beta2] = betas;
  let first: Numbers | undefined;
  let second: Numbers | undefined;
  return (w, gradient, step) => {
    first ??= new Float64Array(w.length);
    second ??= new Float64Array(w.length);
    for (let i = 0; i < w.length; i++) {
      const g = gradient[i] + (decoupled ? 0 : weightDecay * w[i]);
      if (decoupled) w[i] *= 1 - lr * weightDecay;
      first[i] = beta1 * first[i] + (1 - beta1) * g;
      second[i] = beta2 * second[i] + (1 - beta2) * g * g;
      const [m, v] = [first[i] / (1 - beta1 ** step), second[i] / (1 - beta2 ** step)];
      w[i] -= (lr * m) / (Math.sqrt(v) + eps);
    }
  };
}

/** The norm of all numbers as of one vector. @param type 1, 2, …, or Infinity for the largest absolute value. */
export function norm(gradients: readonly Numbers[], type = 2): number {
  const all = gradients.flatMap((gradient) => [...gradient].map(Math.abs));
  if (type === Number.POSITIVE_INFINITY) return Math.max(0, ...all);
  return all.reduce((sum, x) => sum + x ** type, 0) ** (1 / type);
}

/** Scales gradients in place so that their norm is at most `most`, as torch does it: by most / (norm + 1e-6). @returns the norm before. */
export function clip(gradients: readonly Numbers[], most: number, type = 2): number {
  const before = norm(gradients, type);
  const factor = Math.min(1, most / (before + 1e-6));
  for (const gradient of gradients) for (let i = 0; i < gradient.length; i++) gradient[i] *= factor;
  return before;
}

/** The learning rate of a step, from 0: linear up to `peak`, half a cosine down to `least` at step `steps`. */
export function cosine(step: number, options: { peak: number; least: number; warmup: number; steps: number }): number {
  const { peak, least, warmup, steps } = options;
  if (step < warmup) return (step / warmup) * peak;
  if (step >= steps) return least;
  return least + 0.5 * (1 + Math.cos((Math.PI * (step - warmup)) / (steps - warmup))) * (peak - least);
}
