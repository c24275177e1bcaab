/** A plan's formulas against what they stand for: schedules timed action by action, and rings that are run on virtual time. */
import { expect, it } from "vitest";
import {
  collectiveSeconds,
  gptModel,
  groupOver,
  parsePlannedLayout,
  peakOf,
  plannedClusters,
  plannedLayoutText,
  plannedMakespan,
  plannedPeak,
  reached,
  runOf,
  scheduleNames,
  schedules,
  timeOf,
  timeOfStep,
} from "../../src/parallel/index.ts";
import { allReduceCosts } from "../../src/world/index.ts";

const durations = [
  { F: 1, I: 1, W: 1, message: 0 },
  { F: 1, I: 1.5, W: 0.7, message: 0 },
  { F: 2, I: 2, W: 2, message: 0.3 },
] as const;

it.each(scheduleNames)("%s: makespans and peaks", (schedule) => {
  for (const ranks of [2, 3, 4, 5, 8]) {
    for (const chunks of schedule === "interleaved" ? [2, 3] : [schedule === "zb-v" ? 2 : 1]) {
      for (const microBatches of [1, 2, 3, 4, 5, 8, 9, 16, 24, 32]) {
        const shape = { ranks, chunks, microBatches };
        const made = schedules[schedule](shape);
        for (const { F, I, W, message } of durations) {
          const each = { F: F / chunks, I: I / chunks, W: W / chunks, message };
          const { makespan } = timeOf(made, each);
          const planned = plannedMakespan({ schedule, ...shape }, { F, I, W, message });
          // A message's share of a 1F1B round is the mean of what its micro-batches wait.
          const most = schedule === "1f1b" && message > 0 ? 0.02 : 1e-9;
          expect({ ranks, microBatches, off: Math.abs(planned / makespan - 1) <= most }).toMatchObject({ off: true });
        }
        const peaks = made.ranks.map((_, rank) => plannedPeak({ schedule, ...shape }, rank));
        const real = made.ranks.map(peakOf);
        const isWhole = microBatches % ranks === 0 && (schedule !== "zb-v" || microBatches >= 2 * ranks);
        if (isWhole) expect(peaks).toEqual(real);
        else for (const [rank, peak] of real.entries()) expect(peaks[rank]).toBeGreaterThanOrEqual(peak);
      }
    }
  }
});

it("an all_reduce in one node is the ring of the library on the alpha-beta model", () => {
  const cluster = plannedClusters["dgx-a100"];
  for (const size of [2, 3, 4, 8]) {
    const count = size * 1_000_000;
    const path = allReduceCosts.ring.path({ size, count, itemBytes: 4 });
    const seconds =
      path.alphas * cluster.inside.latency.simple + path.bytes / (cluster.inside.bandwidth * reached.links);
    const planned = collectiveSeconds("allReduce", 4 * count, { size, local: size }, cluster, reached);
    expect(planned / seconds).toBeCloseTo(1, 9);
  }
});

it("groups lie in nodes as their stride says", () => {
  const layout = parsePlannedLayout("pp4.dp4.tp4");
  expect(groupOver(layout, ["tp"], 8)).toEqual({ size: 4, local: 4 });
  expect(groupOver(layout, ["dp"], 8)).toEqual({ size: 4, local: 2 });
  expect(groupOver(layout, ["pp"], 8)).toEqual({ size: 4, local: 1 });
  expect(groupOver(parsePlannedLayout("tp16"), ["tp"], 8)).toEqual({ size: 16, local: 8 });
});

it("a group over several nodes is as fast as its cards together, and no faster than its own links", () => {
  const cluster = plannedClusters["dgx-a100"];
  const bytes = 64e9;
  const speed = (size: number, local: number): number =>
    (bytes * (size - 1)) /
    size /
    collectiveSeconds("allGather", bytes, { size, local }, cluster, reached) /
    reached.links;
  expect(speed(8, 8) / 300e9).toBeCloseTo(1, 2);
  expect(speed(16, 8) / 200e9).toBeCloseTo(1, 2);
  expect(speed(16, 1) / 25e9).toBeCloseTo(1, 2);
});

it("experts: each token goes to its experts and comes back, forward and backward", () => {
  const numbers = { width: 1024, layers: 6, heads: 8, vocabulary: 1000, sequence: 512 };
  const model = { ...gptModel(numbers), experts: 8, expertsPerToken: 2 };
  const cluster = plannedClusters["dgx-h100"];
  const run = runOf({ sequence: 512, batch: 32, micro: 2 });
  const { experts } = timeOfStep(model, run, parsePlannedLayout("dp8.ep8"), cluster);
  const sent = 512 * 2 * 2 * 1024 * 2; // tokens, experts of each, bytes
  const once = collectiveSeconds("allToAll", sent, { size: 8, local: 8 }, cluster, reached);
  expect(experts / (4 * once * 6 * (32 / 8 / 2))).toBeCloseTo(1, 9);
  expect(timeOfStep(model, run, parsePlannedLayout("dp8"), cluster).experts).toBe(0);
});

it("layouts with experts are words, too", () => {
  for (const text of ["dp1", "dp8.ep4+fsdp", "pp2.dp4.tp2.ep8+interleaved+zero1+sp"]) {
    expect(plannedLayoutText(parsePlannedLayout(text))).toBe(text);
  }
  expect(() => parsePlannedLayout("dp2.ep2.ep4")).toThrow(/ep is there twice/);
  expect(() => parsePlannedLayout("dp2.ep0")).toThrow(/ep has no ranks/);
});
