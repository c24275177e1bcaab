/** What chapter 3 states, and what it rests on. */
import { busFactor } from "../../../src/world/index.ts";
import type { Register } from "./claim.ts";
import { equalLinks, messagesOf, sentBy, shownBy } from "./runs.ts";
import { gemma, nccl228, performance } from "./sources.ts";

const mean = "worldsize run distributed-mean";
const three = "worldsize run average-three-ways";

/** What the busiest rank sends of a ring's tensor, in tensors. */
const ring = (n: number): number => sentBy("ring", n, 4 * 840 * n).bytes / (4 * 840 * n);
/** Milliseconds of an allReduce over the links of the measurement: 2 ms, 100 MB/s. */
const takes = (algorithm: "ring" | "doubling", n: number, bytes: number): number =>
  equalLinks(algorithm, n, bytes, 2e-3, 100e6) * 1e3;
/** Milliseconds of one message there, and of all of them through rank 0. */
const message = (bytes: number): number => 2 + (bytes / 100e6) * 1e3;
const throughRank0 = (n: number, bytes: number): number => 2 * (n - 1) * message(bytes);

/** What ranks a, b and c hold after so many steps of the chapter's rule. */
function held(steps: number): number[][] {
  const ranks = [1, 10, 100].map((unit) => [unit, 2 * unit, 3 * unit]);
  for (let step = 0; step < steps; step++) {
    const [first, s] = step < 2 ? [0, step] : [1, step - 2];
    const sent = ranks.map((chunks, r) => {
      const chunk = (r + first - s + 3) % 3;
      return { chunk, value: chunks[chunk] };
    });
    for (const [r, { chunk, value }] of sent.entries()) {
      const right = ranks[(r + 1) % 3];
      right[chunk] = step < 2 ? right[chunk] + value : value;
    }
  }
  return ranks;
}

const bfloat = (): Promise<number> =>
  shownBy(1, "const x = device.tensor([256], 'bf16'); show.row({ value: await x.add(1).item() });");
const meanOfIntegers = (): Promise<number> =>
  shownBy(
    2,
    'const x = device.tensor([world.rank + 1], "i32"); await world.allReduce(x, "mean"); show.row({ value: await x.item() });',
  );

export const chapter03: Register = {
  page: "course/part1-distributed/chapter03-collectives/README.md",
  claims: [
    { says: "in two steps chunks travel to the right", by: "arithmetic", gives: { two: () => 3 - 1 } },
    { says: "two steps add, two steps copy", by: "arithmetic", gives: { two: () => 3 - 1 } },
    { says: "a third of the tensor", by: "arithmetic", gives: { third: () => 1 / 3 } },
    { says: "the nine collectives", by: "example", why: "the rows of the table" },
    { says: "one of nine patterns", by: "example", why: "the rows of the table" },
    { says: "Eight collectives on three ranks", by: "example", why: "all but the barrier" },
    { says: "`a1` is piece 1 of rank a's tensor", by: "example", why: "names in the figure" },
    { says: "Which two collectives", by: "example", why: "named below" },
    { says: "Ranks a, b and c (0, 1, 2)", by: "example", why: "their numbers" },
    { says: "numbered 0, 1, 2; here", by: "example", why: "their numbers" },
    { says: "In step s = 0, 1, …", by: "example", why: "how steps are counted" },
    { says: "| start | 1 2 3 | 10 20 30 | 100 200 300 | |", by: "example", why: "what the ranks begin with" },
    {
      says: "| step 1: add, s = 0 | 1 2 **303** | **11** 20 30 | 100 **220** 300 | 0, 1, 2 |",
      by: "arithmetic",
      gives: { "303": () => held(1)[0][2], "11": () => held(1)[1][0], "220": () => held(1)[2][1] },
    },
    {
      says: "| step 2: add, s = 1 | 1 **222** 303 | 11 20 **333** | **111** 220 300 | 2, 0, 1 |",
      by: "arithmetic",
      gives: { "222": () => held(2)[0][1], "333": () => held(2)[1][2], "111": () => held(2)[2][0] },
    },
    {
      says: "it leaves a as 1, b makes it 11, c 111",
      by: "arithmetic",
      gives: { "11": () => held(1)[1][0], "111": () => held(2)[2][0] },
    },
    { says: "After n - 1 = 2 steps", by: "arithmetic", gives: { "2": () => 3 - 1 } },
    {
      says: "| step 3: copy, s = 0 | **111** 222 303 | 11 **222** 333 | 111 220 **333** | 1, 2, 0 |",
      by: "arithmetic",
      gives: { "111": () => held(3)[0][0], "222": () => held(3)[1][1], "333": () => held(3)[2][2] },
    },
    {
      says: "| step 4: copy, s = 1 | 111 222 **333** | **111** 222 333 | 111 **222** 333 | 0, 1, 2 |",
      by: "arithmetic",
      gives: { "111": () => held(4)[1][0], "222": () => held(4)[2][1], "333": () => held(4)[0][2] },
    },
    {
      says: "In each of the four steps all three links were busy",
      by: "run",
      gives: { four: async () => (await messagesOf("3.3", 3)).length / 3 },
    },
    { says: "That is 2 (n - 1) transfers per element, 2 (n - 1) B bytes", by: "source", sources: [performance] },
    { says: "**2 (n - 1)/n × B bytes sent per rank**", by: "run", gives: { "2": () => (ring(16) * 16) / 15 } },
    {
      says: "The ring sends exactly that: 2 (n - 1) messages",
      by: "run",
      gives: { "2": () => sentBy("ring", 8, 4 * 8 * 840).messages / 7 },
    },
    { says: "at n = 8 |", by: "example", why: "the n of the column" },
    { says: "| broadcast, reduce | B | 1 B |", by: "arithmetic", gives: { "1": () => busFactor("broadcast", 8) } },
    {
      says: "(B is the whole) | (n - 1)/n × B | 0.875 B |",
      by: "arithmetic",
      gives: { "0.875": () => busFactor("allGather", 8) },
    },
    { says: "| 2 (n - 1)/n × B | 1.75 B |", by: "run", gives: { "1.75": () => ring(8), "2": () => (ring(8) * 8) / 7 } },
    { says: "would receive 7 B and send 7 B", by: "arithmetic", gives: { "7": () => 8 - 1 } },
    {
      says: "The ring sends 1.75 B from each rank, and with a thousand ranks 2 B",
      by: "run",
      gives: { "1.75": () => ring(8), "2": () => ring(1000) },
    },
    { says: "links of 100 MB/s with a latency of 2 ms", by: "example", why: "what the script asks for" },
    { says: "an all_reduce of 4 MB", by: "command", run: three, prints: ["4 KB"] },
    { says: "And both for 4 KB?", by: "command", run: three, prints: ["4 KB"] },
    { says: "(On two busy cores;", by: "example", why: "the machine of the measurement" },
    {
      says: "At 4 MB, through rank 0: six messages in a row of 2 ms + 4 MB / 100 MB/s = 42 ms, together 252.",
      by: "arithmetic",
      gives: { six: () => 2 * (4 - 1), "42": () => message(4e6), "252": () => throughRank0(4, 4e6) },
    },
    {
      says: "The ring has six steps too, but each carries a quarter: 6 × (2 + 10) = 72 ms",
      by: "simulator",
      gives: { "10": () => message(1e6) - 2, "72": () => takes("ring", 4, 4e6) },
    },
    {
      says: "14 × 42 = 588 against 14 × 7 = 98",
      by: "simulator",
      gives: { "588": () => throughRank0(8, 4e6), "98": () => takes("ring", 8, 4e6), "7": () => message(4e6 / 8) },
    },
    { says: "at 4 KB only latency counts", by: "example", why: "the small tensor" },
    { says: "6 × 2 = 12 ms", by: "simulator", gives: { "12": () => takes("ring", 4, 4e3) } },
    { says: "at distance 1, then 2, then 4", by: "arithmetic", gives: { "4": () => 2 ** 2 } },
    { says: "here 2 × 2 = 4 ms", by: "simulator", gives: { "4": () => takes("doubling", 4, 4e3) } },
    { says: "At 4 MB they lose", by: "example", why: "the large tensor" },
    { says: "2 × 42 = 84 ms", by: "simulator", gives: { "84": () => takes("doubling", 4, 4e6) } },
    { says: "of 1 and 2: what is the result", by: "example", why: "the question" },
    { says: "the mean is rounded toward zero, to 1", by: "run", gives: { "1": meanOfIntegers } },
    {
      says: "three ways:",
      by: "command",
      run: mean,
      prints: ["mean of the ranks' means", "sum of sums / sum of counts", "gather everything, then mean"],
    },
    {
      says: "mean of the ranks' means | 1.507 | 1 number |",
      by: "command",
      run: mean,
      prints: [/means 1\.506[5-9]\d* 1 |means 1\.507[0-4]?\d* 1 /],
    },
    {
      says: "sum of sums / sum of counts | 2.005 | 2 numbers |",
      by: "command",
      run: mean,
      prints: [/counts 2\.005[0-4]?\d* 2 /],
    },
    {
      says: "gather everything, then mean | 2.005 | 1,000 to 4,000 |",
      by: "command",
      run: mean,
      prints: [/mean 2\.005[0-4]?\d* 1000 to 4000/],
    },
    { says: "wrong by half a unit", by: "command", run: mean, prints: ["The first is off by -0.499"] },
    { says: "a variance is made of three sums", by: "example", why: "of 1, of x, of x²" },
    { says: "One row of 256,000 logits", by: "source", sources: [gemma] },
    {
      says: "is 1 MB in f32; those of a batch, 8 × 4,096 tokens × 256,000 × 4 B, are 34 GB",
      by: "arithmetic",
      gives: { "1": () => (256_000 * 4) / 1e6, "34": () => (8 * 4096 * 256_000 * 4) / 1e9 },
    },
    { says: "two small all_reduces", by: "example", why: "max and sum, listed below" },
    {
      says: "Each rank *contributes* two numbers per row",
      by: "command",
      run: "worldsize run distributed-softmax",
      prints: ["Each rank contributed 2 × 4 numbers"],
    },
    {
      says: "in pairs, each of four ranks sends two messages per all_reduce, so four numbers per row",
      by: "run",
      gives: {
        two: () => sentBy("doubling", 4, 4).messages,
        "four numbers": () => (2 * sentBy("doubling", 4, 4).bytes) / 4,
      },
    },
    {
      says: "four bytes per message",
      by: "run",
      gives: { four: async () => Math.max(...(await messagesOf("3.2", 2)).map(({ bytes }) => bytes)) },
    },
    { says: "the sum of the same four numbers", by: "example", why: "one of each rank" },
    { says: "the exact one, 16777219, f32 cannot hold", by: "arithmetic", gives: { "16777219": () => 2 ** 24 + 3 } },
    { says: "the ones had become 2 or 3", by: "arithmetic", gives: { "2": () => 1 + 1, "3": () => 1 + 1 + 1 } },
    { says: "In bfloat16, 256 + 1 is 256.", by: "run", gives: { "256": bfloat } },
    { says: "We add 16-bit tensors", by: "example", why: "bfloat16 and float16" },
    { says: "engines that generate | 5, 14 |", by: "example", why: "chapters of the map" },
    { says: "norms, losses, flags | 5, 6 |", by: "example", why: "chapters of the map" },
    { says: "sequence parallelism | 5, 6 |", by: "example", why: "chapters of the map" },
    { says: "back (MoE) | 7 |", by: "example", why: "a chapter of the map" },
    { says: "samples, a metric | 8 |", by: "example", why: "a chapter of the map" },
    { says: "- Nine patterns:", by: "example", why: "the rows of the table" },
    {
      says: "A ring sends 2 (n - 1)/n of the tensor from each rank, the least with point-to-point messages, in 2 (n - 1) steps",
      by: "run",
      gives: { "2": () => (ring(16) * 16) / 15 },
    },
    { says: "`ncclScatter`, `ncclGather` (2.28)", by: "source", sources: [nccl228] },
    { says: "`ncclAlltoAll` (2.28)", by: "source", sources: [nccl228] },
    {
      says: "with eight GPUs",
      by: "command",
      run: "worldsize run topology-inspector --machine dgx-h100",
      prints: ["GPU 7"],
    },
  ],
};
