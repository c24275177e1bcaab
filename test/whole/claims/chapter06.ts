/** What chapter 6 states, and what it rests on. */
import { chunksOf } from "../../../src/parallel/context/context.ts";
import type { Claim, Register, Source } from "./claim.ts";
import { on, parts, shownBy } from "./runs.ts";

const lockwood: Source = {
  title: "G. Lockwood, H100, notes on NVIDIA's whitepaper",
  year: 2025,
  url: "https://glennklockwood.com/garden/processors/h100",
  says: "BF16 with matrix instructions: 989.4 TFLOPS, twice that with sparsity",
};
const ringFlash: Source = {
  title: "zhuzilin/ring-flash-attention, README",
  year: 2024,
  url: "https://github.com/zhuzilin/ring-flash-attention",
  says: "batch API, forward and backward on 8xH800, against flash attention on one GPU: ring_attn 53.9 % of the theoretical flash attention, zigzag_ring 90.2 %; 8 GPUs, that is eight",
};
const lossParallel: Source = {
  title: "PyTorch, torch/distributed/tensor/parallel/loss.py",
  year: 2025,
  url: "https://github.com/pytorch/pytorch/blob/main/torch/distributed/tensor/parallel/loss.py",
  says: "three reductions over the mesh: of the maximum, of the sum of exponentials, of the target's masked value",
};

const linear = "worldsize run tp-linear";
const example = (why: string, ...says: string[]): Claim[] => says.map((each) => ({ says: each, by: "example", why }));

/** The layer of the first section: x, W row by row, b. */
const x = [1, 2, 3, 4];
const w = [0, 1, 2].map((row) => x.map((i) => 4 * row + i));
const b = [100, 200, 300];
const dot = (row: number, from = 0, to = 4): number =>
  w[row].slice(from, to).reduce((sum, weight, i) => sum + weight * x[from + i], 0);
const dx = (column: number, from = 0, to = 3): number => w.slice(from, to).reduce((sum, row) => sum + row[column], 0);

/** Milliseconds of a layer's four all_reduces, and of its products. */
const bytes = 8192 * 8192 * 2;
const sending = {
  nvlink: () => 4e3 * on("dgx-h100", 1, "ring", bytes).seconds,
  pcie: () => (4e3 * 2 * (7 / 8) * bytes) / 63e9,
  hierarchical: () => 4e3 * on("dgx-h100", 2, "hierarchical", bytes).seconds,
  flat: () => 4e3 * on("dgx-h100", 2, "ring", bytes).seconds,
};
const products = (ranks: number): number => (6 * 12 * 8192 ** 2 * 8192) / ranks / 400e12 / 1e-3;
const share = (ms: number, ranks: number): number => (100 * ms) / (ms + products(ranks));

/** Time that ring attention takes on n ranks, in tiles: each step as long as its busiest rank. */
function tiles(n: number, chunks: (rank: number) => readonly number[], rank?: number): number {
  const ownerOf = (chunk: number): number =>
    Array.from({ length: n }, (_, r) => r).findIndex((r) => chunks(r).includes(chunk));
  const work = Array.from({ length: n }, () => Array<number>(n).fill(0));
  for (let q = 0; q < 2 * n; q++)
    for (let k = 0; k <= q; k++) work[(ownerOf(q) + n - ownerOf(k)) % n][ownerOf(q)] += q === k ? 0.5 : 1;
  return work.reduce((sum, row) => sum + (rank === undefined ? Math.max(...row) : row[rank]), 0);
}
const runs = (rank: number): number[] => [2 * rank, 2 * rank + 1];
const zigZag = (n: number) => (rank: number) => chunksOf({ rank, size: n });

const logSum = (...scores: number[]): number => Math.log(scores.reduce((sum, score) => sum + Math.exp(score), 0));
const mixed = (scores: number[], values: number[]): number =>
  scores.reduce((sum, score, i) => sum + Math.exp(score - logSum(...scores)) * values[i], 0);
const first = (): number => Math.exp(logSum(1, 2) - logSum(1, 2, 3, 0));

export const chapter06: Register = {
  page: "course/part2-parallelism/chapter06-tensor-parallelism/README.md",
  claims: [
    ...example(
      "what the layer is made of",
      "Take x = 1 2 3 4, W with",
      "and b = 100 200 300",
      "let dy be 1 everywhere",
    ),
    { says: "30 70 110", by: "arithmetic", gives: { "30": () => dot(0), "70": () => dot(1), "110": () => dot(2) } },
    {
      says: "with the bias **130 270 410**",
      by: "arithmetic",
      gives: { "130": () => dot(0) + b[0], "270": () => dot(1) + b[1], "410": () => dot(2) + b[2] },
    },
    { says: "a has 130 270, b has 410", by: "command", run: linear, prints: ["130,270 |", "410 | 309"] },
    {
      says: "6 8 10 12 from a, 9 10 11 12 from b",
      by: "arithmetic",
      gives: { "6": () => dx(0, 0, 2), "8": () => dx(1, 0, 2), "9": () => dx(0, 2), "11": () => dx(2, 2) },
    },
    {
      says: "The sum, 15 18 21 24, takes",
      by: "arithmetic",
      gives: { "15": () => dx(0), "18": () => dx(1), "21": () => dx(2), "24": () => dx(3) },
    },
    ...example("how four inputs are shared out", "gets the inputs 1 2, b gets 3 4"),
    {
      says: "computes 5 17 29, b 25 53 81",
      by: "arithmetic",
      gives: {
        "5": () => dot(0, 0, 2),
        "17": () => dot(1, 0, 2),
        "29": () => dot(2, 0, 2),
        "25": () => dot(0, 2),
        "53": () => dot(1, 2),
        "81": () => dot(2, 2),
      },
    },
    { says: "15 18 or 21 24", by: "arithmetic", gives: { "15": () => dx(0), "24": () => dx(3) } },
    ...example("the question: a half for each of two ranks", "if each adds b/2", "With b/2 the outputs are right"),
    { says: "has two tokens, so db is 2 2 2", by: "command", run: linear, prints: [/db 2,2,2/] },
    { says: "it is there twice", by: "command", run: linear, prints: ["230,470,710"] },
    ...example("number of an issue", "torchtitan 4245", "torchtitan 4332"),
    {
      says: "makes four mistakes",
      by: "command",
      run: "worldsize run axis-types",
      prints: [/(?:Mistake: .*){4}/],
    },
    ...example("a layer is attention and an MLP", "The MLP half of a layer", "The MLP half of a layer with a type"),
    {
      says: "two other collectives each way",
      by: "command",
      run: "worldsize run tp-mlp",
      prints: ["1 all_gather", "reduce_scatter"],
    },
    {
      says: "has two all_reduces forward, one for each half, and two backward",
      by: "command",
      run: "worldsize run tp-attention -n 3",
      prints: ["Forward: 1 all_reduce, 2304 B. Backward: 1 all_reduce, 2304 B."],
    },
    { says: "512 KB for each token with 128,000 words", by: "arithmetic", gives: { "512": () => (128_000 * 4) / 1e3 } },
    ...example("named in the same sentence", "Three numbers are enough"),
    ...example(
      "an example, worked out here",
      "Five words with equal logits on two ranks: the largest is 0, the sums are 3 and 2, the target's logit 0",
    ),
    { says: "ln 5 - 0 = **1.609438**", by: "arithmetic", gives: { "1.609438": () => Math.log(5) } },
    { says: "ln 8 = 2.079442", by: "arithmetic", gives: { "2.079442": () => Math.log(8) } },
    {
      says: "Only half of the stream's memory goes here",
      by: "arithmetic",
      gives: { half: () => (197_120 - 180_480 - 256) / 32_768 },
    },
    ...example("what the question gives", "has contributions 1 and 2 from rank 0's tokens, 3 and 4 from rank 1's"),
    { says: "10: a *sum* over the ranks", by: "arithmetic", gives: { "10": () => 1 + 2 + 3 + 4 } },
    {
      says: "they have 3 and 7, and drift apart; averaged, 5",
      by: "arithmetic",
      gives: { "3": () => 1 + 2, "7": () => 3 + 4, "5": () => (3 + 7) / 2 },
    },
    ...example(
      "counted above and in test/parallel/tensor-traffic.test.ts",
      "**4 all_reduces of tokens × width**",
      "**4 × 2 (n - 1)/n × T h w bytes per layer and step**",
    ),
    ...example(
      "4 h² of attention and 8 h² of an MLP; 2 operations forward, 4 backward",
      "about 12 h² weights, 6 operations for each",
    ),
    ...example("bytes of a bf16", "and w = 2"),
    {
      says: "(n - 1) F / (4.5 h B)**",
      by: "arithmetic",
      gives: { "4.5": () => (6 * 12) / (4 * 2 * 2) },
    },
    ...example("the same", "is (n - 1) F / (4.5 h B): width"),
    {
      says: "h = 8192, T = 8192, bf16: an all_reduce is 134 MB",
      by: "arithmetic",
      gives: { "134": () => bytes / 1e6 },
    },
    {
      says: "at 400 TFLOP/s (40 % of its peak of [989]",
      by: "source",
      sources: [lockwood],
      gives: { "400": () => 0.404 * 989.4, "40": () => 40_000 / 989.4, "989": () => 989.4 },
    },
    ...example("the question", "With 16 ranks on two nodes?"),
    ...example("all_reduces of a layer", "| machine | ranks | 4 all_reduces (ms)"),
    {
      says: "| DGX H100, ring on NVLink | 8 | 2.3 | 12.4 | 16 % |",
      by: "simulator",
      gives: { "2.3": sending.nvlink, "12.4": () => products(8), "16": () => share(sending.nvlink(), 8) },
    },
    {
      says: "| the same GPUs on PCIe 5, 63 GB/s | 8 | 14.9 | 12.4 | 55 % |",
      by: "simulator",
      gives: {
        "63": () => parts.pcie5.bandwidth / 1e9,
        "14.9": sending.pcie,
        "12.4": () => products(8),
        "55": () => share(sending.pcie(), 8),
      },
    },
    {
      says: "on NVLink, 450 GB/s each way? On PCIe 5, 63 GB/s?",
      by: "arithmetic",
      gives: { "450": () => parts.nvlink4.bandwidth / 1e9, "63": () => parts.pcie5.bandwidth / 1e9 },
    },
    { says: "in 1.4 ms", by: "simulator", gives: { "1.4": () => 4e3 * on("dgx-h100", 1, "nvls", bytes).seconds } },
    {
      says: "| two DGX H100, hierarchical | 16 | 3.7 | 6.2 | 38 % |",
      by: "simulator",
      gives: {
        "3.7": sending.hierarchical,
        "6.2": () => products(16),
        "38": () => share(sending.hierarchical(), 16),
      },
    },
    {
      says: "| two DGX H100, a flat ring | 16 | 22.1 | 6.2 | 78 % |",
      by: "simulator",
      gives: { "22.1": sending.flat, "6.2": () => products(16), "78": () => share(sending.flat(), 16) },
    },
    {
      says: "node makes a layer 1.5 times as fast at best, with twice the GPUs",
      by: "simulator",
      gives: {
        "1.5": () => (sending.nvlink() + products(8)) / (sending.hierarchical() + products(16)),
        twice: () => 16 / 8,
      },
    },
    ...example("two DGX H100 of the table", "Data parallelism over the two nodes nearly"),
    {
      says: "| first | 1, 2 | 10, 20 | 2.3133 | 17.311 |",
      by: "arithmetic",
      gives: { "2.3133": () => logSum(1, 2), "17.311": () => mixed([1, 2], [10, 20]) },
    },
    {
      says: "| second | 3, 0 | 30, 40 | 3.0486 | 30.474 |",
      by: "arithmetic",
      gives: { "3.0486": () => logSum(3, 0), "30.474": () => mixed([3, 0], [30, 40]) },
    },
    { says: "log(e^2.3133 + e^3.0486) = 3.4402", by: "arithmetic", gives: { "3.4402": () => logSum(1, 2, 3, 0) } },
    {
      says: "e^(2.3133 - 3.4402) = 0.324 and 0.676",
      by: "arithmetic",
      gives: { "0.324": first, "0.676": () => 1 - first() },
    },
    {
      says: "0.324 × 17.311 + 0.676 × 30.474 = **26.21**",
      by: "arithmetic",
      gives: { "26.21": () => mixed([1, 2, 3, 0], [10, 20, 30, 40]) },
    },
    ...example("two for each of four ranks", "*Eight chunks on four ranks.", "half a tile"),
    {
      says: "rank a has 2 tiles to compute and d 14, and each step takes as long as its busiest rank: 14",
      by: "arithmetic",
      gives: { "2": () => tiles(4, runs, 0), "14": () => tiles(4, runs) },
    },
    ...example("the rule, as src/parallel/context/context.ts has it", "r and 2n - 1 - r"),
    { says: "in each step, 8 in all", by: "arithmetic", gives: { "8": () => tiles(4, zigZag(4)) } },
    {
      says: "it is 30 against 16: by this count, runs reach 53 % of what is possible",
      by: "arithmetic",
      gives: {
        "30": () => tiles(8, runs),
        "16": () => tiles(8, zigZag(8)),
        "53": () => (100 * tiles(8, zigZag(8))) / tiles(8, runs),
      },
    },
    {
      says: "54 % of one GPU's rate in runs and 90 % in a zig-zag, on eight H800",
      by: "source",
      sources: [ringFlash],
      gives: { "54": () => 53.9, "90": () => 90.2 },
    },
    {
      says: "n - 1 times forward, 2n - 1 times backward",
      by: "command",
      run: "worldsize run ring-attention",
      prints: ["Forward, each rank sent 3 × 1024 bytes; backward 7 × 1024."],
    },
    ...example(
      "the tokens of rank 0 above, shifted after the cut",
      "has labels 1,6,7,-100: token 1 learns that 6 follows it",
    ),
    {
      says: "(1 + 2⁻²⁴) + 2⁻²⁴ is 1, and 1 + (2⁻²⁴ + 2⁻²⁴) is more than 1",
      by: "run",
      gives: {
        "1": () =>
          shownBy(1, "const e = 2 ** -24; show.row({ value: await device.tensor([1]).add(e).add(e).sum().item() });"),
      },
    },
    ...example("a rounding of f32", "k · 2⁻²⁴ · Σ|terms|"),
    { says: "with k = 16", by: "example", why: "src/parallel/judge/judge.ts, ROUNDINGS" },
    ...example("the mistake of the first section", "A bias added twice"),
    {
      says: "three all_reduces of one number per token",
      by: "source",
      sources: [lossParallel],
      gives: { one: () => 1 },
    },
    ...example("GPUs of a DGX H100", "NVLink, up to 8 ranks"),
    {
      says: "| 2,048 wide or less | rarely tensor | sending over computing is four times that of 8,192 |",
      by: "arithmetic",
      gives: { four: () => 8192 / 2048 },
    },
    ...example("in a title", "The Llama 3 Herd of Models"),
  ],
};
