// What 7.7 is tried on: models and machines, what the planner says of a layout, and how fast the best ones are.
import { draws } from "worldsize/exercise";
import {
  faultOf,
  isFitting,
  type JudgedLayout,
  judgeLayout,
  type PlannedCluster,
  type PlannedModel,
  type PlanRequest,
  parsePlannedLayout,
  plannedClusters,
  runOf,
  usableShare,
} from "worldsize/parallel";

/** What an answer is handed. */
export interface Job {
  readonly vocabulary: number;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly ffnWidth: number;
  readonly devices: number;
  readonly perNode: number;
  readonly memory: number;
  readonly sequence: number;
  readonly batch: number;
}

/** A job with its name, and the planner's view of it. */
export interface Case {
  readonly about: string;
  readonly job: Job;
  readonly request: PlanRequest;
}

const seventy = { vocabulary: 32000, width: 8192, layers: 80, heads: 64, kvHeads: 8, ffnWidth: 28672 };
const eight = { vocabulary: 128256, width: 4096, layers: 32, heads: 32, kvHeads: 8, ffnWidth: 14336 };
const thirteen = { vocabulary: 32000, width: 5120, layers: 40, heads: 40, kvHeads: 40, ffnWidth: 13824 };

function caseOf(
  about: string,
  form: Omit<Job, "devices" | "perNode" | "memory" | "sequence" | "batch">,
  machine: PlannedCluster,
  [devices, sequence, batch]: readonly [devices: number, sequence: number, batch: number],
): Case {
  const model: PlannedModel = {
    ...{ ...form, headDim: form.width / form.heads, gated: true, positions: 0, tied: false, norm: "rms" },
    ...{ attentionBias: false, outputBias: false, mlpBias: false, qkNorm: false, experts: 0, expertsPerToken: 0 },
  };
  const memory = machine.device.memory * usableShare;
  const job = { ...form, devices, perNode: machine.perNode, memory, sequence, batch };
  return { about, job, request: { model, run: runOf({ sequence, batch }), cluster: machine, devices } };
}

/** Llama 2's 70B on 64 GPUs of 80 GB first; then others that the same function has to lay out. */
export function casesOf(seed: number): Case[] {
  const random = draws(seed);
  const h100 = plannedClusters["dgx-h100"];
  const four = { ...h100, name: "nodes of 4", perNode: 4 };
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
  return [
    caseOf("70B on 64 H100 in nodes of 8", seventy, h100, [64, 4096, 1024]),
    caseOf("70B on 64 A100 in nodes of 8", seventy, plannedClusters["dgx-a100"], [64, 4096, 256]),
    caseOf("70B on 64 H100 in nodes of 4", seventy, four, [64, 4096, 512]),
    caseOf("70B on 64 H100, with few samples", seventy, h100, [64, 4096, 64]),
    caseOf("8B on 8 H100", eight, h100, [8, 8192, 64]),
    caseOf("13B on 16 A100 of 40 GB", thirteen, plannedClusters["dgx-a100-40"], [16, 2048, 256]),
    caseOf("70B, drawn", seventy, h100, [pick([64, 128]), 4096, pick([256, 512, 2048])]),
  ];
}

/** What the planner says of an answer. @throws RangeError for words that are no layout. */
export function judged({ request }: Case, words: string, micro: number): JudgedLayout {
  const layout = parsePlannedLayout(words);
  const run = { ...request.run, micro, recompute: layout.recompute ? "full" : "none" } as const;
  return judgeLayout(request, layout, run);
}

/** The same without what does not divide, for hints. */
export function divides({ request }: Case, words: string, micro: number): boolean {
  return !faultOf(request.model, { ...request.run, micro }, parsePlannedLayout(words), request.devices);
}

const divisors = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1).filter((i) => n % i === 0);

/** Seconds of the fastest layout without context parallelism. */
export function bestOf(given: Case): number {
  const { devices } = given.job;
  let best = Infinity;
  for (const tp of divisors(devices)) {
    for (const pp of divisors(devices / tp)) {
      const dp = devices / tp / pp;
      const sizes = `pp${pp}.dp${dp}.tp${tp}${pp > 1 ? "+interleaved" : ""}${tp > 1 ? "+sp+overlap" : ""}`;
      for (const data of dp > 1 ? ["", "+zero1", "+fsdp"] : [""]) {
        for (const again of ["", "+recompute"]) {
          for (const micro of [1, 2, 4]) {
            for (const words of [sizes, sizes.replace("+interleaved", "")]) {
              const found = judged(given, words + data + again, micro);
              if (isFitting(found)) best = Math.min(best, found.time.total);
            }
          }
        }
      }
    }
  }
  return best;
}
