/** Every kernel a device can launch, by name and by number. */
import { attentionKernels } from "./attention.ts";
import { basicKernels } from "./basic.ts";
import { expertKernels } from "./experts.ts";
import { networkKernels } from "./network.ts";
import { optimizerKernels } from "./optimizer.ts";
import { pageKernels } from "./pages.ts";
import { placementKernels } from "./placement.ts";
import { quantizedKernels } from "./quantized.ts";
import { routingKernels } from "./routing.ts";
import type { Kernel } from "./spec.ts";

export * from "./basic.ts";
export { runsOf } from "./optimizer.ts";
export type { Kernel, KernelExports } from "./spec.ts";

export const kernels = {
  ...basicKernels,
  ...expertKernels,
  ...networkKernels,
  ...attentionKernels,
  ...pageKernels,
  ...quantizedKernels,
  ...optimizerKernels,
  ...placementKernels,
  ...routingKernels,
} satisfies Record<string, Kernel>;

export type KernelName = keyof typeof kernels;

/** Kernels by number: how commands name them. */
export const kernelNames = Object.keys(kernels) as KernelName[];
export const kernelList: readonly Kernel[] = Object.values(kernels);
const numbers = new Map(kernelNames.map((name, i) => [name, i]));

/** The number of a kernel in commands. */
export function kernelNumber(name: KernelName): number {
  return numbers.get(name) as number;
}
