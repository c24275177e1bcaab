/** What chapter 3 states, and what it rests on. */
import { busFactor } from "../../../src/world/index.ts";
import type { Register } from "./claim.ts";
import { algorithms, largestTested, messagesOf, sentBy, shownBy } from "./runs.ts";
import { gemma } from "./sources.ts";

const cheatsheet = "worldsize run collective-cheatsheet";
const mean = "worldsize run distributed-mean";

/** What the busiest rank sends of a ring's tensor, in tensors. */
const ring = (n: number): number => sentBy("ring", n, 4 * 840 * n).bytes / (4 * 840 * n);

const device = "const x = device.tensor([256], 'bf16'); show.row({ value: await x.add(1).item() });";
const bfloat = (): Promise<number> => shownBy(1, device);
const meanOfIntegers = (): Promise<number> =>
  shownBy(
    2,
    'const x = device.tensor([world.rank + 1], "i32"); await world.allReduce(x, "mean"); show.row({ value: await x.item() });',
  );

export const chapter03: Register = {
  page: "course/part1-distributed/chapter03-collectives/README.md",
  claims: [
    {
      says: "Twelve messages between three ranks",
      by: "run",
      gives: { Twelve: async () => (await messagesOf("3.3", 3)).length },
    },
    { says: "two steps that add, two that copy", by: "arithmetic", gives: { two: () => 3 - 1 } },
    { says: "carries a third of the tensor", by: "arithmetic", gives: { third: () => 1 / 3 } },
    {
      says: "After twelve messages all have the sum",
      by: "run",
      gives: { twelve: async () => (await messagesOf("3.3", 3)).length },
    },
    { says: "the nine collectives", by: "example", why: "the rows of the table" },
    { says: "made of nine patterns", by: "example", why: "the rows of the table" },
    {
      says: "| **broadcast** | rank 0: `[10 11]` | all: `[10 11]` |",
      by: "command",
      run: `${cheatsheet} --operation broadcast`,
      prints: ["3 [40,41] [10,11]"],
    },
    {
      says: "| **scatter** | rank 0: `[10 11 12 13]` | `[10]` `[11]` `[12]` `[13]` |",
      by: "command",
      run: `${cheatsheet} --operation scatter`,
      prints: ["0 [10,11,12,13] [10]", "3 [13]"],
    },
    {
      says: "| **gather** | `[10]` `[20]` `[30]` `[40]` | rank 0: `[10 20 30 40]` |",
      by: "command",
      run: `${cheatsheet} --operation gather`,
      prints: ["0 [10] [10,20,30,40]", "3 [40]"],
    },
    {
      says: "| **all_gather** | `[10]` `[20]` `[30]` `[40]` | all: `[10 20 30 40]` |",
      by: "command",
      run: `${cheatsheet} --operation all_gather`,
      prints: ["3 [40] [10,20,30,40]"],
    },
    {
      says: "| **reduce** | `[10 11]` `[20 21]` `[30 31]` `[40 41]` | rank 0: `[100 104]` |",
      by: "command",
      run: `${cheatsheet} --operation reduce`,
      prints: ["0 [10,11] [100,104]", "3 [40,41] [40,41]"],
    },
    {
      says: "| **all_reduce** | the same | all: `[100 104]` |",
      by: "command",
      run: `${cheatsheet} --operation all_reduce`,
      prints: ["0 [10,11] [100,104]", "3 [40,41] [100,104]"],
    },
    {
      says: "| **reduce_scatter** | `[10 11 12 13]` `[20 …]` `[30 …]` `[40 …]` | `[100]` `[104]` `[108]` `[112]` |",
      by: "command",
      run: `${cheatsheet} --operation reduce_scatter`,
      prints: ["0 [10,11,12,13] [100]", "1 [20,21,22,23] [104]", "2 [30,31,32,33] [108]", "3 [40,41,42,43] [112]"],
    },
    {
      says: "| **all_to_all** | `[10 11 12 13]` `[20 …]` `[30 …]` `[40 …]` | `[10 20 30 40]` `[11 21 31 41]` … |",
      by: "command",
      run: `${cheatsheet} --operation all_to_all`,
      prints: ["0 [10,11,12,13] [10,20,30,40]", "1 [20,21,22,23] [11,21,31,41]"],
    },
    { says: "Which two collectives", by: "example", why: "reduce_scatter and all_gather, named below" },
    { says: "Three ways to sort them", by: "example", why: "the sentences that follow" },
    { says: "Two mistakes of this kind", by: "example", why: "named in the same sentence" },
    { says: "at n = 8 |", by: "example", why: "the n of the column" },
    { says: "B (the busiest) | 1 B |", by: "arithmetic", gives: { "1": () => busFactor("broadcast", 8) } },
    {
      says: "(B is the whole) | (n - 1)/n × B | 0.875 B |",
      by: "arithmetic",
      gives: { "0.875": () => busFactor("allGather", 8) },
    },
    { says: "| 2 (n - 1)/n × B | 1.75 B |", by: "run", gives: { "1.75": () => ring(8), "2": () => (ring(8) * 8) / 7 } },
    {
      says: "| all_to_all | (n - 1)/n × B | 0.875 B |",
      by: "arithmetic",
      gives: { "0.875": () => busFactor("allToAll", 8) },
    },
    {
      says: "each would send 7 B; collecting at rank 0 would have rank 0 receive 7 B and send 7 B",
      by: "arithmetic",
      gives: { "7": () => 8 - 1 },
    },
    {
      says: "The ring sends 1.75 B from each rank, and with a thousand ranks 2 B",
      by: "run",
      gives: { "1.75": () => ring(8), "2": () => ring(1000) },
    },
    {
      says: "A ring of n ranks takes 2 (n - 1) steps",
      by: "run",
      gives: { "2": () => sentBy("ring", 8, 4 * 8 * 840).messages / 7 },
    },
    { says: "the eight numbers of a loss", by: "example", why: "a small tensor" },
    { says: "for 1 to 17 ranks", by: "run", gives: { "17": largestTested } },
    {
      says: "three ways:",
      by: "command",
      run: mean,
      prints: ["mean of the ranks' means", "sum of sums / sum of counts", "gather everything, then mean"],
    },
    {
      says: "mean of the ranks' means | 1.507 | 1 |",
      by: "command",
      run: mean,
      prints: [/means 1\.506[5-9]\d* 1 |means 1\.507[0-4]?\d* 1 /],
    },
    {
      says: "sum of sums / sum of counts | 2.005 | 2 |",
      by: "command",
      run: mean,
      prints: [/counts 2\.005[0-4]?\d* 2 /],
    },
    {
      says: "gather everything, then mean | 2.005 | up to 4,000 |",
      by: "command",
      run: mean,
      prints: [/mean 2\.005[0-4]?\d* up to 4000/],
    },
    { says: "wrong by half a unit", by: "command", run: mean, prints: ["The first is off by -0.499"] },
    { says: "moves two numbers", by: "command", run: mean, prints: [/counts [\d.]+ 2 /] },
    { says: "a variance is made of three sums", by: "example", why: "of 1, of x, of x²" },
    { says: "a vocabulary of 256,000 words, say", by: "source", sources: [gemma] },
    {
      says: "Each rank sends two numbers a row, not 256,000",
      by: "arithmetic",
      gives: { two: () => ["max", "sum"].length },
    },
    { says: "so two algorithms give sums that differ", by: "example", why: "ring and tree" },
    { says: "on 7 and on 8 ranks", by: "example", why: "any two world sizes" },
    { says: "In bfloat16, 256 + 1 is 256: add", by: "run", gives: { "256": bfloat } },
    { says: "kept in 16 bits", by: "example", why: "bfloat16 and float16" },
    { says: "of 1 and 2, on two ranks", by: "example", why: "the question" },
    { says: "their mean is rounded toward zero, to 1", by: "run", gives: { "1": meanOfIntegers } },
    {
      says: "Three small collectives: two all_reduces and a broadcast",
      by: "example",
      why: "what the solution of exercise 3.2 calls",
    },
    {
      says: "Four bytes a message",
      by: "run",
      gives: { Four: async () => Math.max(...(await messagesOf("3.2", 2)).map(({ bytes }) => bytes)) },
    },
    {
      says: "a trap, and two right ways",
      by: "command",
      run: mean,
      prints: ["sum of sums / sum of counts", "gather everything, then mean"],
    },
    { says: "- Nine patterns:", by: "example", why: "the rows of the table" },
    { says: "An all_reduce sends 2 (n - 1)/n of the tensor", by: "run", gives: { "2": () => (ring(16) * 16) / 15 } },
    { says: "in seven ways", by: "run", gives: { seven: () => algorithms.length } },
    {
      says: "with eight GPUs",
      by: "command",
      run: "worldsize run topology-inspector --machine dgx-h100",
      prints: ["GPU 7"],
    },
  ],
};
