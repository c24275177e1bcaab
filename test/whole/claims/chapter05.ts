/** What chapter 5 states, and what it rests on. */
import { keeps, type Stage } from "../../../course/part2-parallelism/chapter05-data-parallelism/lib/formulas.ts";
import type { Register } from "./claim.ts";
import { shownBy } from "./runs.ts";
import { broadcastShares, earlierMicroBatches, firstBucket, zero } from "./sources.ts";

const stages = "worldsize run zero-stages";
const long = "worldsize run zero-stages -n 2 --tokens 512";
const recomputed = "worldsize run zero-stages --recompute";
const overlap = "worldsize run gradient-sync-visualizer";

const x = [1, 1, 1, 5];
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
/** Bytes per parameter with 2 for weight and gradient each, and 12 for the optimizer, from a stage on in parts. */
const perParameter = (stage: number, n: number): number =>
  2 / (stage > 2 ? n : 1) + 2 / (stage > 1 ? n : 1) + 12 / (stage > 0 ? n : 1);
const gigabytes = (stage: number): number => 7.5 * perParameter(stage, 64);
/** The model of zero-stages: the embedding and the last norm, then five blocks. */
const block = [[64], [64, 64], [64, 64], [64, 64], [64, 64], [64], [192, 64], [192, 64], [64, 192]];
const units = [[[262, 64], [64]], ...Array.from({ length: 5 }, () => block)];
const parameters = (stage: Stage, ranks = 4): number => keeps(stage, units, ranks, 1).parameters / 1024;
const norm = (...values: number[]): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
const steps = (dtype: string): Promise<number> =>
  shownBy(
    1,
    `let w = device.tensor([1], "${dtype}"); for (let i = 0; i < 100; i++) w = w.to("f32").sub(0.0006).to("${dtype}");
    show.row({ value: await w.item() });`,
  );
const added = (): Promise<number> =>
  shownBy(1, 'show.row({ value: await device.tensor([256], "bf16").add(1).item() });');

export const chapter05: Register = {
  page: "course/part2-parallelism/chapter05-data-parallelism/README.md",
  claims: [
    {
      says: "Rank 0 has three samples, x = 1, 1, 1; rank 1 has one, x = 5.",
      by: "example",
      why: "what the listing's ranks have",
    },
    { says: "(1 + 1 + 1 + 5)/4 = **2**", by: "arithmetic", gives: { "2": () => mean(x) } },
    { says: "that of b is 1.", by: "arithmetic", gives: { "1": () => mean(x.map(() => 1)) } },
    {
      says: "Rank 0's mean is 1, rank 1's is 5, and their average is 3:",
      by: "arithmetic",
      gives: { "3": () => mean([mean(x.slice(0, 3)), mean(x.slice(3))]) },
    },
    {
      says: "every gradient is twice too large (`differ by 1.0e+0`)",
      by: "command",
      run: "worldsize run simple-ddp --divide forgotten --clip 0",
      prints: [/gradients differ by 1\.0e\+0/],
    },
    { says: "(in turns − overlapped) / min(b, c) = 1 − 1/k", by: "example", why: "derived in the list above it" },
    { says: "each bucket adds 2 (n - 1) α to c", by: "example", why: "a ring's steps, of chapter 4" },
    { says: "in messages of 1/n of it", by: "example", why: "a ring's steps, of chapter 3" },
    {
      says: "a run on two cores that had other work.) The formula says 1 − 1/9 = 89 %.",
      by: "arithmetic",
      gives: { "89": () => 100 * (1 - 1 / 9) },
    },
    {
      says: "Another run a minute later hid 24 %.",
      by: "measured",
      run: overlap,
      prints: [/Hidden: .* = -?\d+ %/],
      where: "two cores, shared with other work",
    },
    { says: "2 (n - 1)/n of the model, whatever the batch", by: "example", why: "a ring's bytes, of chapter 3" },
    { says: "([pytorch 69031]", by: "source", sources: [earlierMicroBatches] },
    {
      says: "with lr 0.1 and decay 0.1, 1 becomes 0.99.",
      by: "arithmetic",
      gives: { "0.99": () => 1 - 0.1 * 0.1 },
    },
    {
      says: "takes 16 bytes per parameter: 2 for the weight, 2 for its gradient, and 12 for the optimizer:",
      by: "source",
      sources: [zero],
    },
    {
      says: "A model of 7.5 billion parameters: 120 GB, on *every* rank",
      by: "arithmetic",
      gives: { "120": () => gigabytes(0) },
    },
    { says: "Each cell is a quarter;", by: "arithmetic", gives: { "a quarter": () => 1 / 4 } },
    {
      says: "| stage | a rank keeps only its own | bytes per parameter, n ranks | 7.5 billion on 64 |",
      by: "example",
      why: "the paper's own example, calculated in the rows below",
    },
    { says: "| 0, DDP | | 16 | 120 GB | 2 |", by: "arithmetic", gives: { "120": () => gigabytes(0) } },
    { says: "| 1 | moments | 4 + 12/n | 31.4 GB | 2 |", by: "arithmetic", gives: { "31.4": () => gigabytes(1) } },
    { says: "| 2 | + gradients | 2 + 14/n | 16.6 GB | 2 |", by: "arithmetic", gives: { "16.6": () => gigabytes(2) } },
    { says: "| 3 | + parameters | 16/n | 1.9 GB | 3 |", by: "arithmetic", gives: { "1.9": () => gigabytes(3) } },
    {
      says: "three times (n - 1)/n against two. **1.5 times the bytes**, for 1/n of the memory.",
      by: "arithmetic",
      gives: { "1.5": () => 3 / 2 },
    },
    {
      says: "it is (2m + 1)/2 times, because each gathers again; with 16-bit gathers of f32 weights, as good as DDP's for m = 1.",
      by: "arithmetic",
      gives: { "1.": () => (2 * 0.5 + 1) / 2 },
    },
    { says: "moments 2 s, gradients at most s + R + B, messages at most 2 B", by: "example", why: "the formula" },
    {
      says: "it also prints the bytes: 1663 KiB at stage 0, 2446 at stage 3",
      by: "command",
      run: stages,
      prints: ["0 1663 1663", "3 2446 2446"],
    },
    {
      says: "That is 1.47 times and not 1.5,",
      by: "arithmetic",
      gives: { "1.47": () => 2446 / 1663, "1.5": () => 3 / 2 },
    },
    {
      says: "needs half of the parameters' memory, not a quarter: s is a quarter, but a block is a fifth.",
      by: "arithmetic",
      gives: { half: () => parameters(3) / parameters(0), "a quarter": () => 1 / 4 },
    },
    {
      says: "From 43,530 to 41,103 KiB, a twentieth: activations take 36,975,",
      by: "command",
      run: long,
      prints: [/all at once 43530 .* 41103/, "activations 36975"],
    },
    {
      says: "a third more arithmetic",
      by: "arithmetic",
      gives: { "a third": () => 4 / 3 - 1 },
    },
    {
      says: "activations fall from 2931 to 838 KiB",
      by: "command",
      run: recomputed,
      prints: ["activations 838 838 838 838"],
    },
    {
      says: "than stage 0, 1383 against 1108 KiB:",
      by: "arithmetic",
      gives: { "1383": () => parameters(3, 1), "1108": () => parameters(0, 1) },
    },
    { says: "With eight GPUs per node each rank keeps 1/8, not 1/n;", by: "example", why: "a node of eight" },
    {
      says: "A weight of 1 in bf16, and a hundred steps of −0.0006: it stays 1.",
      by: "run",
      gives: { "1.": () => steps("bf16") },
    },
    {
      says: "bf16 has 8 bits of precision, the next number below 1 is 0.996,",
      by: "arithmetic",
      gives: { "0.996": () => 1 - 2 ** -8 },
    },
    { says: "With an f32 master it arrives at 0.94.", by: "run", gives: { "0.94": () => steps("f32") } },
    { says: "in bf16, 256 + 1 = 256.", by: "run", gives: { "256": added } },
    {
      says: "two ranks with shards [3] and [4] and a replicated gradient [12] have √(9 + 16 + 144) = 13.",
      by: "arithmetic",
      gives: { "13": () => norm(3, 4, 12) },
    },
    {
      says: "Count the replicated one twice, and it is 17.7;",
      by: "arithmetic",
      gives: { "17.7": () => norm(3, 4, 12, 12) },
    },
    {
      says: "the ranks get 12.4 and 12.6,",
      by: "arithmetic",
      gives: { "12.4": () => norm(3, 12), "12.6": () => norm(4, 12) },
    },
    { says: "a first bucket of 1 MiB", by: "source", sources: [firstBucket] },
    {
      says: "3 (n - 1)/n of the model per rank on average, not 2",
      by: "arithmetic",
      // An all_reduce, and of the broadcasts all that leaves the ranks, shared out over them: in shares of (n - 1)/n.
      gives: { "3": () => 2 + ((64 - 1) * 64 * (1 / 64)) / 64 / ((64 - 1) / 64), "2": () => 1 + 1 },
    },
    { says: "([pytorch 69591]", by: "source", sources: [broadcastShares] },
    { says: "With k equal buckets at most 1 − 1/k of the shorter", by: "example", why: "the formula above" },
    { says: "stage 3 sends 1.5 times that", by: "arithmetic", gives: { "1.5": () => 3 / 2 } },
  ],
};
