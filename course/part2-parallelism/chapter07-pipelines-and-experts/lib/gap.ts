// Holds what ranks have computed together against the same on one rank.
import type { Tensor } from "worldsize";

/** The largest difference, in parts of the whole's largest element; no gradient counts as zeros. @throws Error for more than rounding. */
export async function gapOf(what: string, part: Tensor | null, whole: Tensor | null): Promise<number> {
  const [own, wanted] = [part, whole].map((each) => each ?? undefined);
  if (!own && !wanted) return 0;
  const difference = own && wanted ? own.sub(wanted) : ((own ?? wanted) as Tensor);
  const most = async (of: Tensor): Promise<number> => (of.size === 0 ? 0 : await of.abs().max().item());
  const gap = (await most(difference)) / ((wanted && (await most(wanted))) || 1);
  if (!(gap < 1e-4)) throw new Error(`${what} is off by ${gap} of the largest element.`);
  return gap;
}
