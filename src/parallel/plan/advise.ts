/**
 * "Which parallelism?": from the symptom to the remedy. Each remedy is tried by itself on the sizes that are given, and judged by
 * the plan, so that the answer has numbers.
 */

import { blockActivations } from "./activations.ts";
import { usableShare } from "./faults.ts";
import { type PlannedLayout, parsePlannedLayout } from "./layout.ts";
import { memoryOf } from "./memory.ts";
import { elementsOf, type PlannedModel, parameterCount, parametersOf } from "./model.ts";
import type { PlannedRun } from "./run.ts";
import { isFitting, judgeLayout, type PlanRequest } from "./search.ts";

/** What is wrong on one device, by the kind of remedy that it asks for. */
export interface PlanAdvice {
  readonly symptom: string;
  /** Words of a layout. */
  readonly remedy: "dp" | "fsdp" | "tp" | "pp" | "cp" | "ep" | "recompute";
  /** What the remedy comes to. */
  readonly answer: string;
}

const gb = (bytes: number): string => `${(bytes / 1e9).toFixed(bytes >= 10e9 ? 0 : 1)} GB`;

/** Symptoms of a request, from the mildest remedy to the strongest. */
export function adviseLayout(request: PlanRequest): PlanAdvice[] {
  const { model, cluster, devices } = request;
  const run = { ...request.run, micro: 1 };
  const alone = memoryOf(model, run, parsePlannedLayout("dp1"));
  const usable = cluster.device.memory * usableShare;
  const states = alone.parameters + alone.gradients + alone.optimizer;
  const found: PlanAdvice[] = [];
  const add = (symptom: string, remedy: PlanAdvice["remedy"], answer: string): void =>
    void found.push({ symptom, remedy, answer });
  if (alone.total <= usable) {
    add("Everything fits on one device", "dp", `${gb(alone.total)} of ${gb(usable)}: each device takes other samples`);
    return found;
  }
  if (states > usable) {
    add(
      `Parameters, gradients and moments do not fit: ${gb(states)} of ${gb(usable)}`,
      "fsdp",
      `copies of nothing: ${gb(states / devices)} on each of ${devices}`,
    );
  }
  if (model.experts > 0) {
    const { block } = parametersOf(model);
    const one = block.filter(({ expert }) => expert).reduce((sum, { shape }) => sum + elementsOf(shape), 0);
    const share = Math.round((100 * one * model.experts * model.layers) / parameterCount(model));
    add(
      `${share} % of the weights are experts, of which a token uses ${model.expertsPerToken} of ${model.experts}`,
      "ep",
      `each of ${Math.min(devices, model.experts)} devices has ${Math.max(1, model.experts / devices)} of them, and tokens travel`,
    );
  }
  addActivations(model, run, usable, add);
  addLayer(request, run, usable, add);
  addDeep(request, add);
  return found;
}

/** Blocks that travel to every device for every micro-batch, or too few samples for all devices. */
function addDeep({ model, run, cluster, devices }: PlanRequest, add: Add): void {
  const pp = Math.min(8, Math.max(1, Math.floor(model.layers / 2)), Math.max(1, devices / cluster.perNode));
  const stages = `stages share out the layers: ${Math.ceil(model.layers / pp)} on each of ${pp} ranks, and micro-batches fill them`;
  if (pp < 2) return;
  if (run.batch < devices) {
    add(`${devices} devices and a batch of ${run.batch}: not a sample for each`, "pp", stages);
    return;
  }
  const full = { ...run, micro: 1, recompute: "full" } as const;
  const sharded = judgeLayout({ model, run, cluster, devices }, { ...ofData(devices), recompute: true }, full);
  if (!isFitting(sharded) || model.experts > 0 || sharded.time.data < 0.1 * sharded.time.total) return;
  const share = Math.round((100 * sharded.time.data) / sharded.time.total);
  add(
    `Gathering ${model.layers} blocks on ${devices} devices for each micro-batch takes ${share} % of a step`,
    "pp",
    stages,
  );
}

function ofData(devices: number): PlannedLayout {
  return parsePlannedLayout(`dp${devices}+fsdp`);
}

type Add = (symptom: string, remedy: PlanAdvice["remedy"], answer: string) => void;

/** One sample's activations, which no share of states makes smaller. */
function addActivations(model: PlannedModel, run: PlannedRun, usable: number, add: Add): void {
  const one = parsePlannedLayout("dp1");
  const all = model.layers * blockActivations(model, run, one, "none");
  if (all <= usable / 2) return;
  const inputs = model.layers * blockActivations(model, run, one, "full");
  const again = inputs + blockActivations(model, run, one, "none");
  add(
    `One sample of ${run.sequence} tokens keeps ${gb(all)} of activations`,
    "recompute",
    `blocks keep their inputs and are computed twice: ${gb(again)}`,
  );
  if (again > usable / 2) {
    const cp = 2 ** Math.ceil(Math.log2(again / (usable / 2)));
    add(
      `A sample is too long: ${gb(again)} even so`,
      "cp",
      `its tokens are cut for ${cp} ranks: ${gb(again / cp)} on each; keys and values go around`,
    );
  }
}

/** A block that is gathered whole, with its gradient and the next one. */
function addLayer({ model, cluster }: PlanRequest, run: PlannedRun, usable: number, add: Add): void {
  const { block } = parametersOf(model);
  const own = block.reduce((sum, { shape, expert }) => sum + elementsOf(shape) * (expert ? model.experts : 1), 0);
  const bytes = own * (2 * run.precision.parameters + run.precision.gradients);
  const work = blockActivations(model, run, parsePlannedLayout("dp1"), "none");
  if (bytes + work <= usable / 4) return;
  const ranks = [8, 4, 2].find((each) => each <= cluster.perNode && model.kvHeads % each === 0);
  if (ranks === undefined) return;
  add(
    `One block alone takes ${gb(bytes + work)}: its weights twice, gradients, and what it keeps of a sample`,
    "tp",
    `${ranks} ranks of a node share out its heads and hidden widths: ${gb((bytes + work) / ranks)} on each`,
  );
}
