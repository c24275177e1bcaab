/** All layouts of a number of devices: which divide, which fit, and which of those takes the shortest step. */
import type { ScheduleName } from "../pipeline/index.ts";
import type { PlannedCluster } from "./cluster.ts";
import { faultOf, memoryFault, type PlanFault } from "./faults.ts";
import type { PlannedLayout } from "./layout.ts";
import { memoryOf, type PlannedMemory } from "./memory.ts";
import type { PlannedModel } from "./model.ts";
import { reached } from "./reached.ts";
import type { PlannedRun } from "./run.ts";
import { StageTable } from "./states.ts";
import { type PlannedTime, timeOfStep } from "./time.ts";

/** What is to be laid out. */
export interface PlanRequest {
  readonly model: PlannedModel;
  /** Its micro-batch, recomputation and chunks are tried, and replaced. */
  readonly run: PlannedRun;
  readonly cluster: PlannedCluster;
  readonly devices: number;
}

/** A layout that was looked at. */
export interface JudgedLayout {
  readonly layout: PlannedLayout;
  /** With the micro-batch and recomputation that it is judged by. */
  readonly run: PlannedRun;
  /** Why it cannot run. */
  readonly fault?: PlanFault;
  readonly memory?: PlannedMemory;
  readonly time?: PlannedTime;
}

/** A layout that can run. */
export type FittingLayout = JudgedLayout & { readonly memory: PlannedMemory; readonly time: PlannedTime };

/** What a search found. */
export interface FoundLayouts {
  /** The fastest first. */
  readonly fitting: readonly FittingLayout[];
  /** What cannot run: how many by kind, and for each kind the one that comes nearest to running. */
  readonly rejected: readonly {
    readonly kind: PlanFault["kind"];
    readonly count: number;
    readonly example: JudgedLayout;
  }[];
  /** Layouts that were looked at. */
  readonly count: number;
}

/** Judges one layout. */
export function judgeLayout(
  { model, cluster, devices }: PlanRequest,
  layout: PlannedLayout,
  run: PlannedRun,
  stages = new StageTable(model),
): JudgedLayout {
  const fault = faultOf(model, run, layout, devices);
  if (fault) return { layout, run, fault };
  const memory = memoryOf(model, run, layout, stages);
  const full = memoryFault(memory, cluster);
  if (full) return { layout, run, fault: full, memory };
  return { layout, run, memory, time: timeOfStep(model, run, layout, cluster, reached, stages) };
}

/** Whether a layout can run. */
export function isFitting(judged: JudgedLayout): judged is FittingLayout {
  return judged.time !== undefined;
}

const divisors = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1).filter((i) => n % i === 0);
/** Samples of a micro-batch that are tried. */
const micros = [1, 2, 4, 8, 16];

/** Judges all layouts of the devices. */
export function searchLayouts(request: PlanRequest): FoundLayouts {
  const fitting: FittingLayout[] = [];
  const rejected = new Map<PlanFault["kind"], { count: number; example: JudgedLayout }>();
  const stages = new StageTable(request.model);
  let count = 0;
  for (const [layout, run] of candidates(request)) {
    count++;
    const judged = judgeLayout(request, layout, run, stages);
    if (isFitting(judged)) {
      fitting.push(judged);
      continue;
    }
    const kind = judged.fault?.kind ?? "memory";
    const seen = rejected.get(kind);
    const isNearer = (judged.memory?.total ?? 0) < (seen?.example.memory?.total ?? 0);
    rejected.set(kind, { count: (seen?.count ?? 0) + 1, example: !seen || isNearer ? judged : seen.example });
  }
  fitting.sort((a, b) => a.time.total - b.time.total);
  const list = [...rejected].map(([kind, found]) => ({ kind, ...found })).sort((a, b) => b.count - a.count);
  return { fitting, rejected: list, count };
}

/** Axes that multiply to the devices, with what can be done along them. */
function* candidates(request: PlanRequest): Generator<readonly [PlannedLayout, PlannedRun]> {
  const { model, run, devices, cluster } = request;
  const experts = model.experts > 0 ? divisors(model.experts) : [1];
  for (const [pp, cp, tp] of shapesOf(devices)) {
    const ranks = devices / tp / pp / cp;
    for (const [data, copies] of sharings(ranks, cluster.perNode)) {
      const sizes = { pp, copies, dp: ranks / copies, cp, tp };
      for (const ep of experts) {
        for (const micro of micros) {
          for (const [schedule, chunks] of schedulesOf(sizes, data, run, micro)) {
            for (const recompute of ["none", "full"] as const) {
              for (const sequence of tp > 1 ? [true, false] : [false]) {
                const done = { schedule, data, sequence, overlap: tp > 1, recompute: recompute === "full" };
                yield [
                  { ...sizes, ...done, ep },
                  { ...run, micro, recompute, chunks },
                ];
              }
            }
          }
        }
      }
    }
  }
}

function* shapesOf(devices: number): Generator<readonly [pp: number, cp: number, tp: number]> {
  for (const tp of divisors(devices)) {
    for (const pp of divisors(devices / tp)) {
      for (const cp of divisors(devices / tp / pp).filter((each) => each <= 8)) yield [pp, cp, tp];
    }
  }
}

/** Ways to share out states over ranks that see other samples; with several nodes also a copy for each node (HSDP). */
function sharings(ranks: number, perNode: number): (readonly [PlannedLayout["data"], number])[] {
  if (ranks === 1) return [["ddp", 1]];
  const ways: (readonly [PlannedLayout["data"], number])[] = [
    ["ddp", 1],
    ["zero1", 1],
    ["zero2", 1],
    ["fsdp", 1],
  ];
  if (ranks > perNode && ranks % perNode === 0) ways.push(["fsdp", ranks / perNode]);
  return ways;
}

/** Schedules with the stages of a rank; the zero-bubble one where it has micro-batches enough to fill its holes. */
function schedulesOf(
  { pp, copies, dp }: { pp: number; copies: number; dp: number },
  data: PlannedLayout["data"],
  { batch }: PlannedRun,
  micro: number,
): (readonly [ScheduleName, number])[] {
  if (pp === 1) return [["1f1b", 1]];
  const list: (readonly [ScheduleName, number])[] = [["1f1b", 1], ...[2, 3, 4].map((v) => ["interleaved", v] as const)];
  return data === "ddp" && batch / (copies * dp * micro) >= 2 * pp ? [...list, ["zb-h1", 1]] : list;
}
