// How far two models' gradients are from each other.
import type { Parameter, ProcessGroup, Tensor } from "worldsize";

/**
 * The largest difference of two models' gradients, parameter by parameter, as a share of the largest element of that
 * parameter's gradient. @returns Infinity where one has a gradient and the other has not.
 */
export async function differenceOf(mine: readonly Parameter[], right: readonly Parameter[]): Promise<number> {
  let worst = 0;
  for (const [i, parameter] of mine.entries()) {
    const [a, b] = [parameter.grad, right[i].grad];
    if (!a || !b) {
      if (a !== b) return Infinity;
      continue;
    }
    using difference = a.sub(b);
    worst = Math.max(worst, (await largest(difference)) / (await largest(b)));
  }
  return worst;
}

/** The largest absolute value of a tensor's elements. */
async function largest(tensor: Tensor): Promise<number> {
  return Math.max(...Array.from(await tensor.contiguous().data(), Math.abs));
}

/** The largest of all ranks' numbers, on every rank. */
export async function maxOver(world: ProcessGroup, value: number): Promise<number> {
  return Math.max(...(await world.allGatherObject(value)));
}
