/** What a layout breaks, in sentences with both numbers, before anything is made. */

import { ranksOf } from "../layout/layout.ts";
import { chunksOfSchedule } from "../pipeline/index.ts";
import type { PlannedCluster } from "./cluster.ts";
import { expertRanks, type PlannedLayout } from "./layout.ts";
import type { PlannedMemory } from "./memory.ts";
import type { PlannedModel } from "./model.ts";
import { microBatchesOf, type PlannedRun } from "./run.ts";

/** Why a layout cannot run: the kind, to count by, and a sentence. */
export interface PlanFault {
  readonly kind: "ranks" | "heads" | "widths" | "layers" | "batch" | "sequence" | "experts" | "schedule" | "memory";
  readonly text: string;
}

/** What does not divide; undefined for a layout that can run as far as memory allows. */
export function faultOf(
  model: PlannedModel,
  run: PlannedRun,
  layout: PlannedLayout,
  deviceCount: number,
): PlanFault | undefined {
  const { pp, copies, dp, cp, tp, ep } = layout;
  const fault = (kind: PlanFault["kind"], text: string): PlanFault => ({ kind, text });
  const ranks = ranksOf(layout);
  if (ranks !== deviceCount) return fault("ranks", `it has ${ranks} ranks, and there are ${deviceCount} devices`);
  if (model.heads % tp !== 0) return fault("heads", `tp ${tp} does not divide ${model.heads} heads`);
  if (model.kvHeads % tp !== 0) {
    return fault("heads", `tp ${tp} does not divide ${model.kvHeads} heads of keys and values`);
  }
  const { ep: experts, cut } = expertRanks(layout);
  const hidden = model.experts > 0 ? cut : tp;
  if (model.ffnWidth % hidden !== 0)
    return fault("widths", `tp ${tp} does not divide the MLP's width of ${model.ffnWidth}`);
  const stages = pp > 1 ? pp * chunksOfSchedule(layout.schedule, run.chunks) : 1;
  if (stages > model.layers) return fault("layers", `${stages} stages are more than ${model.layers} layers`);
  if (ep > 1 && model.experts === 0) return fault("experts", `ep ${ep} shares out experts, and the model has none`);
  if (ep > 1 && model.experts % experts !== 0)
    return fault("experts", `ep ${ep} does not divide ${model.experts} experts`);
  const own = copies * dp * cp * tp;
  if (own % ep !== 0) return fault("experts", `ep ${ep} does not divide the ${own} ranks of a stage`);
  const cutTokens = cp * (cp > 1 ? 2 : 1) * (layout.sequence ? tp : 1);
  if (run.sequence % cutTokens !== 0) {
    return fault(
      "sequence",
      `a sample of ${run.sequence} tokens is no multiple of ${cutTokens}, in which cp ${cp} and tp ${tp} cut it`,
    );
  }
  const microBatches = microBatchesOf(run, layout);
  if (!Number.isInteger(microBatches) || microBatches < 1) {
    const samples = copies * dp * run.micro;
    return fault(
      "batch",
      `a batch of ${run.batch} is no multiple of ${samples} samples, which ${copies * dp} ranks take in micro-batches of ${run.micro}`,
    );
  }
  if (pp > 1 && layout.schedule === "interleaved" && microBatches % pp !== 0) {
    return fault("schedule", `interleaved takes micro-batches in rounds of pp ${pp}, and there are ${microBatches}`);
  }
  if (pp > 1 && layout.schedule.startsWith("zb") && layout.data !== "ddp") {
    return fault("schedule", `${layout.schedule} goes with ddp, not with ${layout.data}`);
  }
  if (copies > 1 && layout.data === "ddp")
    return fault("schedule", "copies are of shards, so they go with zero1, zero2 or fsdp");
  return undefined;
}

/** Bytes of a device that a program can use: the rest is its driver's, its communicators' and lost between blocks. */
export const usableShare = 0.92;

const gb = (bytes: number): string => (bytes >= 10e9 ? (bytes / 1e9).toFixed(0) : (bytes / 1e9).toFixed(1));

/** Says when a layout needs more than a device has, and what of. */
export function memoryFault(memory: PlannedMemory, { device }: PlannedCluster): PlanFault | undefined {
  const usable = device.memory * usableShare;
  if (memory.total <= usable) return undefined;
  const kinds = (["parameters", "gradients", "optimizer", "activations", "buffers"] as const)
    .map((kind) => ({ kind, bytes: memory[kind] }))
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, 2)
    .map(({ kind, bytes }) => `${kind} ${gb(bytes)} GB`);
  // A little too much must not look like enough.
  const over = (memory.total - usable) / 1e9;
  const digits = over < 0.05 ? 3 : over < 1 ? 1 : 0;
  const [needs, there] = [memory.total, usable].map((bytes) => (bytes / 1e9).toFixed(digits));
  return {
    kind: "memory",
    text: `needs ${needs} GB of ${there} that can be used: ${kinds.join(", ")}`,
  };
}
