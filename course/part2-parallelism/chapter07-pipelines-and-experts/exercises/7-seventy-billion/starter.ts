// Exercise 7.7: a layout for a model on a machine.
interface Job {
  vocabulary: number;
  width: number;
  layers: number;
  heads: number;
  kvHeads: number;
  ffnWidth: number;
  /** GPUs, and how many of them are in each node. */
  devices: number;
  perNode: number;
  /** Bytes of each GPU that can be used. */
  memory: number;
  /** Tokens of a sample, and samples of a step. */
  sequence: number;
  batch: number;
}

export function choose({ devices }: Job): { layout: string; micro: number } {
  return { layout: `dp${devices}`, micro: 1 };
}
