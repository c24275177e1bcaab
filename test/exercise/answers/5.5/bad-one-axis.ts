// What is cut along an axis is added up along it, one axis after the other; what is the same along it counts once.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

interface Part {
  gradient: Tensor | null;
  cut: string[];
}

export async function clip(
  device: TensorDevice,
  parts: Part[],
  axes: Record<string, ProcessGroup>,
  most: number,
  p: number,
): Promise<number> {
  const terms: number[] = [];
  for (const { gradient } of parts) terms.push(gradient?.size ? await termOf(gradient, p) : 0);
  for (const [axis, group] of Object.entries(axes).slice(-1)) {
    const here = parts.flatMap(({ cut }, i) => (cut.includes(axis) ? [i] : []));
    if (here.length === 0) continue;
    const message = device.tensor(here.map((i) => terms[i]));
    await group.allReduce(message, p === Infinity ? "max" : "sum");
    const totals = await message.data();
    for (const [at, i] of here.entries()) terms[i] = Number(totals[at]);
  }
  const total = p === Infinity ? Math.max(0, ...terms) : terms.reduce((a, b) => a + b, 0);
  const norm = p === 2 ? Math.sqrt(total) : total;
  if (Number.isFinite(norm) && norm > most) for (const { gradient } of parts) gradient?.mul_(most / norm);
  return norm;
}

/** Of one part: Σ |g|ᵖ, or the largest |g|. */
function termOf(gradient: Tensor, p: number): Promise<number> {
  if (p === Infinity) return gradient.abs().max().item();
  return (p === 1 ? gradient.abs() : gradient.mul(gradient)).sum().item();
}
