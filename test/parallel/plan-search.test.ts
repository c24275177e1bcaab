/** Searches of layouts: what divides, what fits, what is fastest, and what is said about the rest. */
import { describe, expect, it } from "vitest";
import {
  adviseLayout,
  explainLayout,
  faultOf,
  isFitting,
  judgeLayout,
  type PlannedModel,
  type PlanRequest,
  parsePlannedLayout,
  plannedClusters,
  ranksOf,
  runOf,
  searchLayouts,
  usableShare,
  whySlower,
} from "../../src/parallel/index.ts";

const llama70: PlannedModel = {
  ...{ vocabulary: 32000, width: 8192, layers: 80, heads: 64, kvHeads: 8, headDim: 128, ffnWidth: 28672, gated: true },
  ...{ positions: 0, tied: false, norm: "rms", attentionBias: false, outputBias: false, mlpBias: false, qkNorm: false },
  ...{ experts: 0, expertsPerToken: 0 },
};
const mixture: PlannedModel = {
  ...llama70,
  width: 4096,
  layers: 32,
  heads: 32,
  ffnWidth: 14336,
  experts: 8,
  expertsPerToken: 2,
};
const small: PlannedModel = { ...llama70, width: 2048, layers: 16, heads: 32, ffnWidth: 5632 };

function ask(model: PlannedModel, devices: number, batch: number, sequence = 4096): PlanRequest {
  return { model, devices, run: runOf({ sequence, batch }), cluster: plannedClusters["dgx-h100"] };
}

describe("a search", () => {
  const request = ask(llama70, 64, 1024);
  const found = searchLayouts(request);

  it("looks at more than ten thousand layouts of 64 devices, each once", () => {
    expect(found.count).toBeGreaterThan(10_000);
    const rejected = found.rejected.reduce((sum, { count }) => sum + count, 0);
    expect(found.fitting.length + rejected).toBe(found.count);
    const words = found.fitting.map(({ layout, run }) => JSON.stringify([layout, run]));
    expect(new Set(words).size).toBe(words.length);
  });

  it("ranks by the step's time what fits, divides and has all devices", () => {
    const { memory } = request.cluster.device;
    for (const [i, { layout, run, time, memory: own }] of found.fitting.entries()) {
      if (i > 0) expect(time.total).toBeGreaterThanOrEqual(found.fitting[i - 1].time.total);
      expect(own.total).toBeLessThanOrEqual(memory * usableShare);
      expect(ranksOf(layout)).toBe(64);
      expect([64 % layout.tp, 8 % layout.tp, 1024 % (layout.copies * layout.dp * run.micro)]).toEqual([0, 0, 0]);
    }
  });

  it("says what its choice needs, with numbers that judging gives again", () => {
    const [best] = found.fitting;
    const lines = explainLayout(request, best);
    expect(lines[0]).toMatch(
      /^pp\S+ with micro-batches of \d+ takes [\d.]+ s for a step and \d+ GB on rank \d+ of pp\.$/,
    );
    expect(lines.join(" ")).toMatch(/cannot run: needs \d+ GB of 74 that can be used: /);
    const last = found.fitting[found.fitting.length - 1];
    expect(whySlower(request, best, last)).toMatch(/^\d+ % slower: .* more$/);
  });
});

it("nothing that a layout breaks is forgotten: every combination of small numbers, by plain rules", () => {
  const request = ask(small, 8, 16, 64);
  for (const tp of [1, 2, 3, 4, 8]) {
    for (const pp of [1, 2, 3, 4]) {
      for (const dp of [1, 2, 3, 4, 8]) {
        const layout = parsePlannedLayout(`pp${pp}.dp${dp}.tp${tp}`);
        const divides = tp * pp * dp === 8 && 8 % tp === 0 && 16 % dp === 0;
        expect(isFitting(judgeLayout(request, layout, request.run))).toBe(divides);
      }
    }
  }
});

// What would break, in words: both numbers are named.
const broken: readonly (readonly [string, PlannedModel, number, number, RegExp])[] = [
  ["tp3", llama70, 3, 64, /^tp 3 does not divide 64 heads$/],
  ["tp16", llama70, 16, 64, /^tp 16 does not divide 8 heads of keys and values$/],
  ["dp4.tp2", llama70, 16, 64, /^it has 8 ranks, and there are 16 devices$/],
  ["pp128", llama70, 128, 128, /^128 stages are more than 80 layers$/],
  ["dp3", llama70, 3, 64, /^a batch of 64 is no multiple of 3 samples, which 3 ranks take in micro-batches of 1$/],
  ["pp3+interleaved", llama70, 3, 64, /^interleaved takes micro-batches in rounds of pp 3, and there are 64$/],
  ["dp2.ep2", llama70, 2, 64, /^ep 2 shares out experts, and the model has none$/],
  ["dp3.ep3", mixture, 3, 63, /^ep 3 does not divide 8 experts$/],
  ["dp2.ep4", mixture, 2, 64, /^ep 4 does not divide the 2 ranks of a stage$/],
  ["cp3", llama70, 3, 64, /^a sample of 4096 tokens is no multiple of 6, in which cp 3 and tp 1 cut it$/],
];

it.each(broken)("%s is refused", (words, model, devices, batch, text) => {
  const request = ask(model, devices, batch);
  expect(faultOf(model, request.run, parsePlannedLayout(words), devices)?.text).toMatch(text);
});

it("what does not fit says what it needs, and what of", () => {
  const request = ask(llama70, 8, 64);
  const judged = judgeLayout(request, parsePlannedLayout("tp8+sp"), request.run);
  expect(judged.fault?.text).toMatch(/^needs \d+ GB of 74 that can be used: optimizer \d+ GB, \w+ \d+ GB$/);
});

it("more of what a layout has to carry takes longer", () => {
  const request = ask(llama70, 64, 64);
  const seconds = (words: string, changes = {}): number => {
    const run = { ...request.run, ...changes };
    const judged = judgeLayout({ ...request, cluster: big }, parsePlannedLayout(words), run);
    if (!isFitting(judged)) throw new Error(`${words}: ${judged.fault?.text}`);
    return judged.time.total;
  };
  const big = { ...request.cluster, device: { ...request.cluster.device, memory: 1e15 } };
  expect(seconds("dp8.tp8+sp", { recompute: "full" })).toBeGreaterThan(seconds("dp8.tp8+sp"));
  expect(seconds("dp8.tp8+sp", { overlap: false })).toBeGreaterThan(seconds("dp8.tp8+sp"));
  expect(seconds("pp8.tp8+sp")).toBeGreaterThan(seconds("pp8.tp8+interleaved+sp", { chunks: 2 }));
  expect(seconds("pp8.dp8+zb-h1")).toBeLessThan(seconds("pp8.dp8"));
  const slow = { ...big, outside: { ...big.outside, bandwidth: big.outside.bandwidth / 10 } };
  const fsdp = judgeLayout({ ...request, cluster: slow }, parsePlannedLayout("dp64+fsdp"), request.run);
  expect(isFitting(fsdp) && fsdp.time.data).toBeGreaterThan(10);
});

// From the symptom to the remedy, with sizes.
const remedies: readonly (readonly [string, PlanRequest, readonly string[]])[] = [
  ["a small model", ask({ ...small, layers: 4, width: 1024 }, 8, 64, 512), ["dp"]],
  ["states too large", ask({ ...small, layers: 128 }, 8, 64, 512), ["fsdp"]],
  ["70B", ask(llama70, 64, 1024), ["fsdp", "recompute"]],
  ["experts", ask(mixture, 64, 512, 2048), ["fsdp", "ep"]],
  ["a long sample", ask(llama70, 256, 256, 131072), ["fsdp", "recompute", "cp", "tp"]],
  ["few samples", ask(llama70, 1024, 64), ["fsdp", "recompute", "pp"]],
];

it.each(remedies)("which parallelism? %s", (_, request, expected) => {
  expect(adviseLayout(request).map(({ remedy }) => remedy)).toEqual(expected);
});
