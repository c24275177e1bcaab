/** What chapter 8 states, and what it rests on. */
import {
  asked,
  fewestOf,
} from "../../../course/part3-inference/chapter08-anatomy-of-a-server/exercises/2-prefill-against-decode/cases.ts";
import {
  type Asked,
  notedSteps,
} from "../../../course/part3-inference/chapter08-anatomy-of-a-server/lib/noted-steps.ts";
import { oneRequest as one } from "../../../course/part3-inference/chapter08-anatomy-of-a-server/lib/recorded.ts";
import type { Claim, Register } from "./claim.ts";
import { megatron } from "./sources.ts";

const example = (why: string, ...says: string[]): Claim[] => says.map((each) => ({ says: each, by: "example", why }));

/** Of the figures. */
const four: readonly Asked[] = [
  { name: "A", prompt: 3, output: 2 },
  { name: "B", prompt: 2, output: 6 },
  { name: "C", prompt: 4, output: 3 },
  { name: "D", prompt: 1, output: 2 },
];
const slots = { maxTokens: 64, maxSequences: 2 };
const stepsOf = async (isStatic: boolean): Promise<number> => (await notedSteps(four, slots, isStatic)).length;
const tokensOf = async (step: number, name?: string): Promise<number> =>
  (await notedSteps(four, slots))[step - 1]
    .filter((part) => name === undefined || part.name === name)
    .reduce((sum, { tokens }) => sum + tokens, 0);
/** Tokens of C's prompt in a step of the budget's figure. */
const chunk = async (step: number): Promise<number> => {
  const all: readonly Asked[] = [
    { name: "A", prompt: 2, output: 8 },
    { name: "B", prompt: 3, output: 8 },
    { name: "C", prompt: 13, output: 3, before: 2 },
    { name: "D", prompt: 4, output: 3, before: 3 },
  ];
  const steps = await notedSteps(all, { maxTokens: 8, maxSequences: 8 });
  return steps[step - 1].find(({ name, isPrefill }) => name === "C" && isPrefill)?.tokens ?? 0;
};

const wide = "worldsize run prefill-and-decode --model wide";
const small = "worldsize run prefill-and-decode";
const measured = (says: string, ...prints: (string | RegExp)[]): Claim => ({
  ...{ says, by: "measured", run: wide, small, prints },
  where: "two cores of an AMD EPYC that had other work, Node 20.20; one run, each step the shortest of five",
});

export const chapter08: Register = {
  page: "course/part3-inference/chapter08-anatomy-of-a-server/README.md",
  claims: [
    ...example(
      "what the chapter's question assumes",
      "one user at 60 tokens per second",
      "With thirty users each of them still gets 40",
    ),
    { says: "makes twenty times as many tokens", by: "arithmetic", gives: { twenty: () => (30 * 40) / 60 } },
    {
      says: "2.6 ms until its prompt is tokens, 0.6 ms in the queue, 2.4 ms of prefill, 0.3 ms until its first text leaves; then decode, which is nearly all of 173 ms",
      by: "run",
      gives: {
        "2.6": () => one.tokenized,
        "0.6": () => one.scheduled - one.tokenized,
        "2.4": () => one.first - one.scheduled,
        "0.3": () => one.text - one.first,
        "173": () => one.finished,
      },
    },
    {
      says: "A request of 19 tokens and its answer of 60, recorded from [minimal-inference-server](scripts/minimal-inference-server.md) on two busy cores",
      by: "run",
      gives: { "19": () => one.promptTokens, "60": () => one.outputTokens },
    },
    ...example(
      "what the parts do",
      "one forward pass for all of them",
      "A **step** is one forward pass",
      "have their turn between two steps",
    ),
    ...example("the script's preset", "Three requests, 40 ms apart."),
    ...example("test/whole/serve-scripts.test.ts counts them", "in fewer than 200 lines"),
    ...example("the derivation itself", "With weights of four bytes, a step of t", "2 t / 4 = t / 2 flops per byte"),
    { says: "A decode of one sequence has 0.5.", by: "arithmetic", gives: { "0.5": () => 2 / 4 } },
    {
      says: "A model of 26 million weights, 105 MB.",
      by: "arithmetic",
      gives: { "105": () => (4 * 26_223_104) / 1e6 },
    },
    ...example("the question", "until it takes twice as long?", "A prompt of 400 tokens comes.", "longest gap between two tokens of the others", "if a step takes at most 512 tokens? And if it takes 32?"), // biome-ignore format: one list
    measured("Here 32 (two cores that had other work", /with \d+ it takes twice as long|none of these takes/),
    measured("Up to 4 sequences the step costs no more than with one.", "step (ms)"),
    {
      says: "Thirty-two made 14 times as many tokens per second as one.",
      by: "arithmetic",
      gives: { "14": () => 790 / 56 },
    },
    measured(
      "A prompt of 256 tokens, 128 flops per byte, ran at 70 GFLOP/s in the same run, a decode of one at 2.9.",
      "GFLOP/s",
    ),
    {
      says: "Four sequences read 105 MB in 13.32 ms, 7.9 GB/s; 70 over 7.9 is 8.9 flops per byte, which about 18 sequences reach.",
      by: "arithmetic",
      gives: { "7.9": () => 104.9 / 13.32, "8.9": () => 70 / 7.9, "18": () => 2 * 8.9 },
    },
    {
      says: "For Llama 3 8B with weights of four bytes and sequences of 1,000 tokens, 59 sequences reach 20 flops per byte; with 16,000 tokens no number does",
      by: "run",
      gives: { "59": () => fewestOf(asked[1]), "1,000": () => asked[1].length, "16,000": () => asked[2].length },
    },
    { says: "the storyteller's 3.7 MB fit", by: "command", run: small, prints: ["a step reads 3.7 MB"] },
    {
      says: "The same four requests in two slots: nine steps if a batch is run to its end",
      by: "run",
      gives: { "nine steps": () => stepsOf(true) },
    },
    ...example(
      "the example",
      "A to D want 2, 6, 3 and 2 tokens",
      "Follow slot 0 of the lower half.",
      "Step 1 runs A's prompt of three tokens",
    ),
    {
      says: "In step 3 the slot runs C's prompt, four tokens, while slot 1 runs one token of B",
      by: "run",
      gives: { "four tokens": () => tokensOf(3, "C"), "1": () => tokensOf(3, "B") },
    },
    ...example(
      "B has had two prompt tokens, and drawn two",
      "B's row has one token at position 3, C's row has four at positions 0 to 3",
    ),
    { says: "all five tokens as one matrix", by: "run", gives: { "five tokens": () => tokensOf(3) } },
    ...example(
      "the figure's",
      "Eight steps of at most eight tokens: A and B decode in each from the second on, and C's prompt of 13 tokens",
    ),
    {
      says: "C's prompt takes what A and B leave: 6, 6 and 1 of its 13 tokens.",
      by: "run",
      gives: {
        "6": () => chunk(3),
        "6 and": () => chunk(4),
        "1 of": () => chunk(5),
        "13": async () => (await chunk(3)) + (await chunk(4)) + (await chunk(5)),
      },
    },
    measured("A gap of 443 ms became 103.", /longest (gap \(ms\))?/),
    measured("727 ms in place of 445", /its first/),
    {
      says: "its 15 steps each read all weights",
      by: "arithmetic",
      gives: { "15": () => Math.ceil(400 / (32 - 4)) },
    },
    ...example("the definition", "(E2EL - TTFT) / (tokens - 1)", "such as TTFT ≤ 500 ms and TPOT ≤ 50 ms"),
    {
      says: '`"ďá"` is four bytes, C4 8F C3 A1',
      by: "arithmetic",
      gives: { "four bytes": () => new TextEncoder().encode("ďá").length },
    },
    ...example(
      "a temperature",
      "that temperature 0 makes an answer reproducible",
      "goes another way, at temperature 0",
    ),
    ...example("where the loop pauses", "text is encoded between two steps"),
    { says: "two all_reduces per layer", by: "source", sources: [megatron] },
  ],
};
