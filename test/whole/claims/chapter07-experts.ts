/** What chapter 7 states of experts, and what it rests on. */
import type { Claim, Register, Source } from "./claim.ts";

const deepseek: Source = {
  title: "DeepSeek-AI, DeepSeek-V3 Technical Report",
  year: 2024,
  url: "https://arxiv.org/abs/2412.19437",
  says: "256 routed experts of hidden width 2048, 8 activated per token, a model width of 7168; experts over 64 GPUs on 8 nodes, each token to at most four nodes; bias update speed 0.001; InfiniBand 50 GB/s; no token is dropped",
};
const figure = "worldsize run course/part2-parallelism/chapter07-pipelines-and-experts/figures/dispatch.ts";
const balance = "worldsize run moe-balance";
const exchanges = "worldsize run moe-all-to-all -n 4";
const example = (why: string, ...says: string[]): Claim[] => says.map((each) => ({ says: each, by: "example", why }));

/** Milliseconds and megabytes of DeepSeek-V3's layer, forward and backward, with 4096 tokens on each rank. */
const megabytes = (4096 * 8 * 7168 * 2 * (63 / 64)) / 1e6;
const million = (3 * 7168 * 2048) / 1e6;
const products = (6 * 8 * million * 1e6 * 4096) / 400e12 / 1e-3;

export const chapter07Experts: Register = {
  page: "course/part2-parallelism/chapter07-pipelines-and-experts/experts.md",
  claims: [
    { says: "A mixture has 256 experts, and each token uses eight", by: "source", sources: [deepseek] },
    ...example(
      "what the figure draws",
      "Seven tokens on two ranks",
      "expert e makes 10 x + e of a token x",
      "Rank a has experts 0 and 1, rank b 2 and 3",
      "Rank a's tokens 5, 6, 7, 8 choose 0, 2, 2, 3; rank b's 1, 2, 3 choose 1, 0, 0",
    ),
    {
      says: "5 · 6 7 · 8 and 2 3 · 1",
      by: "command",
      run: figure,
      prints: ["name sorted numbers 5 6 7 8", "name sorted numbers 2 3 1"],
    },
    {
      says: "a announces 1 row for itself and 3 for b; b announces 3 for a, and 0 for itself",
      by: "arithmetic",
      gives: {
        "1": () => [0, 2, 2, 3].filter((expert) => expert < 2).length,
        "3 for b": () => [0, 2, 2, 3].filter((expert) => expert >= 2).length,
        "3 for a": () => [1, 0, 0].filter((expert) => expert < 2).length,
        "0": () => [1, 0, 0].filter((expert) => expert >= 2).length,
      },
    },
    { says: "a now has 5, 2 3, 1, of two ranks", by: "command", run: figure, prints: ["name arrived numbers 5 2 3 1"] },
    { says: "takes its runs: 5 2 3, and 1", by: "command", run: figure, prints: ["name ends numbers 0 3 4"] },
    {
      says: "50 20 30 and 11; on b 62 72 and 83",
      by: "command",
      run: figure,
      prints: ["name made numbers 50 20 30 11", "name made numbers 62 72 83"],
    },
    {
      says: "a gets 50 62 72 83, b 11 20 30",
      by: "command",
      run: figure,
      prints: ["name back numbers 50 62 72 83", "name back numbers 20 30 11"],
    },
    ...example(
      "number of an issue",
      "Megatron-LM 4851",
      "Megatron-LM 5956",
      "transformers 31464",
      "[28505]",
      "minimind 858",
    ),
    ...example("an example; test/programs/experts.ts runs it", "Two tokens x = 1 of two ranks"),
    { says: "dw is **1**", by: "arithmetic", gives: { "1": () => (1 + 1) / 2 } },
    { says: "same experts, it is 2", by: "arithmetic", gives: { "2": () => 1 / 1 + 1 / 1 } },
    ...example("dispatch and combine, forward and backward", "**experts on ranks: 4 exchanges"),
    ...example("two all_reduces of 2 (n - 1)/n · T n w b", "makes it 4 (n - 1) T w b"),
    ...example("what the command is given, and its default", "64 tokens, 16 on each of four ranks"),
    {
      says: "Twice as much",
      by: "command",
      run: exchanges,
      prints: [/ep4 6\d{3} B 2 T k w 4 \(n-1\)\/n = 6144 B/, "tp4 12288 B"],
    },
    { says: "and above k = 4 less", by: "command", run: exchanges, prints: ["Both are alike where k = n."] },
    { says: "has 8 of 256 experts, w = 7168, and 64 ranks on 8 nodes", by: "source", sources: [deepseek] },
    {
      says: "For T = 4096 in bf16 an exchange is 462 MB",
      by: "arithmetic",
      gives: { "462": () => megabytes, "4096": () => 2 ** 12 },
    },
    {
      says: "all over a network of 50 GB/s, take 37 ms",
      by: "source",
      sources: [deepseek],
      gives: { "37": () => (4 * megabytes * 1e6) / 50e9 / 1e-3 },
    },
    {
      says: "6 × 8 × 44 million operations per token at 400 TFLOP/s, 22 ms",
      by: "arithmetic",
      gives: { "44": () => million, "22": () => products },
    },
    { says: "takes experts of at most four nodes", by: "source", sources: [deepseek] },
    { says: "would send eight times as much", by: "arithmetic", gives: { "eight times": () => 64 / 8 } },
    ...example(
      "an example, by the formula before it",
      "Eight tokens, one of four experts each, f = 1: two",
      "choose expert 0, the two",
    ),
    {
      says: "in the first twelve steps",
      by: "command",
      run: balance,
      prints: [/nothing: .*?steps 1 to 12 [^s]* (79|8\d) /],
    },
    {
      says: "In the last twelve, 45 % of the choices are dropped",
      by: "command",
      run: balance,
      prints: [/nothing 37 to 48 [\d.]+ [\d.]+ 45\.\d %/],
    },
    { says: "*Balanced it is 1*", by: "arithmetic", gives: { "1": () => 4 * 4 * (1 / 4) * (1 / 4) } },
    { says: "it goes up by 0.001 (DeepSeek-V3)", by: "source", sources: [deepseek] },
    {
      says: "44 % are dropped with it",
      by: "command",
      run: balance,
      prints: [/z-loss 37 to 48 [\d.]+ [\d.]+ 44\.0 %/],
    },
    {
      says: "its entropy is 1.80 of at most 2.08",
      by: "command",
      run: balance,
      prints: ["entropy at most 2.08", /nothing 37 to 48 [\d.]+ [\d.]+ [\d.]+ % 1\.80/],
    },
    ...example("a number divided by itself", "with its weight made to be 1", "A weight that is always 1"),
  ],
};
