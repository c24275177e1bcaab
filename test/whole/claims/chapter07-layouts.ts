/** What chapter 7 states of whole layouts, and what it rests on. */

import { modelNamed } from "../../../course/part2-parallelism/chapter07-pipelines-and-experts/lib/models.ts";
import { parameterCount } from "../../../src/parallel/index.ts";
import type { Claim, Register } from "./claim.ts";

const example = (why: string, ...says: string[]): Claim[] => says.map((each) => ({ says: each, by: "example", why }));
const calculator = "worldsize run parallel-strategy-calculator";
const gigabytes = (): number => (16 * parameterCount(modelNamed("llama-2-70b").model)) / 1e9;

export const chapter07Layouts: Register = {
  page: "course/part2-parallelism/chapter07-pipelines-and-experts/whole-layouts.md",
  claims: [
    ...example(
      "what is asked",
      "I have 64 H100 and a 70B model",
      "> **Predict.** 70B, 64 H100 in nodes of eight, 1,024 samples of 4,096 tokens: is tp 8",
    ),
    ...example(
      "what the picture shows",
      "![Two stages of four ranks",
      "each has half of every weight of layers 0 to 3",
    ),
    ...example(
      "how FSDP and tensor parallelism work: chapters 5 and 6",
      "every block, twice for each micro-batch",
      "four sums of the stream",
      "Four sums per block want NVLink",
    ),
    ...example("a stage's share", "not: pp micro-batches of 1/pp"),
    {
      says: "69 billion parameters at 16 bytes are 1,104 GB",
      by: "arithmetic",
      gives: { "69": () => gigabytes() / 16, "16": () => 2 + 2 + 12, "1,104": gigabytes },
    },
    {
      says: "of 64 GPUs with 80 GB each has its sixty-fourth, 17 GB, if nothing is held twice",
      by: "arithmetic",
      gives: { "17": () => gigabytes() / 64 },
    },
    {
      says: "One sample\nof 4,096 tokens keeps 90 GB in 80 layers",
      by: "command",
      run: calculator,
      prints: [/4096 tokens keeps 90 GB/],
    },
    ...example("what recomputation is", "computing blocks twice do", "in blocks computed twice"),
    { says: "tries 12,418 layouts", by: "command", run: calculator, prints: [/of 12418/] },
    {
      says: "takes 70.7 s for a step",
      by: "command",
      run: `${calculator} --layout dp8.tp8+zero1+sp+overlap`,
      prints: [/takes 70\.7 s/],
    },
    {
      says: "with tp 2, cp 2 and stages it is 61.5 s",
      by: "command",
      run: calculator,
      prints: [/pp4\.dp4\.cp2\.tp2\S* with micro-batches of 1 takes 61\.5 s/],
    },
    ...example("an eighth for each of eight ranks", "make every product an eighth as wide"),
    {
      says: "14 % of that step are collectives",
      by: "command",
      run: `${calculator} --layout dp8.tp8+zero1+sp+overlap`,
      prints: [/collectives along tp and cp 14 %/],
    },
    {
      says: "With 64, dp 8 leaves eight micro-batches for eight stages, which stand idle for 7 of 15 slots",
      by: "arithmetic",
      gives: { "eight micro-batches": () => 64 / 8, "7": () => 8 - 1, "15": () => 8 + 8 - 1 },
    },
    {
      says: "At 131,072 tokens one sample keeps 2,880 GB. Computing blocks twice leaves 208",
      by: "command",
      run: `${calculator} --sequence 131072 --devices 256 --batch 256`,
      prints: [/131072 tokens keeps 2880 GB/, /twice: 208 GB/],
    },
    {
      says: "The fastest that fits has cp 8 and tp 8, and computes nothing twice",
      by: "command",
      run: `${calculator} --sequence 131072 --devices 256 --batch 256`,
      prints: [/\bpp\d+\.(dp\d+\.)?cp8\.tp8(?!\S*recompute)\S*/],
    },
    {
      says: "97 % of the weights are experts",
      by: "command",
      run: `${calculator} --model mixtral-8x7b --batch 512`,
      prints: [/97 % of the weights are experts/, /dp64\.ep8\+zero1 with/],
    },
    ...example(
      "bounds of test/parallel/plan-time.test.ts",
      "within 5 % of published runs in the mean, and 15 % for the kind",
    ),
    ...example("what Megatron's option is here", "here that is 1 as soon as"),
    ...example("the exercises that follow", "Two exercises: [7.7"),
  ],
};
