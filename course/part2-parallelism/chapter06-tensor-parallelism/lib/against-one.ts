// Holds what a rank has computed of a cut module against the same module on one rank.
import type { Parameter, ParameterTree, Tensor } from "worldsize";

/** The largest difference, in parts of the whole's largest element. @throws Error for more than rounding. */
export async function gapOf(what: string, part: Tensor | null, whole: Tensor | null): Promise<number> {
  if (!part || !whole) throw new Error(`${what} is missing.`);
  const gap = (await part.sub(whole).abs().max().item()) / ((await whole.abs().max().item()) || 1);
  if (!(gap < 1e-4)) throw new Error(`${what} is off by ${gap} of the largest element.`);
  return gap;
}

/** This rank's box of a tensor that belongs to a whole parameter, such as its gradient. */
export function boxOf(parameter: Parameter, whole: Tensor): Tensor {
  return parameter.part.from.reduce((box, begin, axis) => box.slice(axis, begin, begin + parameter.shape[axis]), whole);
}

/** The largest gap of all gradients. */
export async function gradientGap(cut: ParameterTree, whole: ParameterTree): Promise<number> {
  const wholes = whole.namedParameters();
  let worst = 0;
  for (const [name, parameter] of cut.namedParameters()) {
    const of = wholes.get(name)?.grad;
    worst = Math.max(worst, await gapOf(`The gradient of ${name}`, parameter.grad, of ? boxOf(parameter, of) : null));
  }
  return worst;
}
