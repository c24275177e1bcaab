// Checks 8.2: what a step computes and reads, against steps of a real model that were counted. What is judged stands in judge.ts.
import { type Answer, defineExercise, plainOf } from "worldsize/exercise";
import { asked, bytesOf, fewestOf, flopsOf, large, runsOf } from "./cases.ts";
import { type Counted, counted } from "./count.ts";
import { judgeFewest, judgeStep, type Told } from "./judge.ts";

interface CostAnswer extends Answer {
  flops(shape: unknown, rows: unknown): unknown;
  bytes(shape: unknown, rows: unknown): unknown;
  fewest(shape: unknown, length: number, flopsPerByte: number): unknown;
}

interface Report {
  readonly told: readonly Told[];
  readonly seen: readonly Counted[];
  readonly fewest: readonly unknown[];
}

export default defineExercise<Report>({
  number: "8.2",
  title: "Prefill against decode",
  exports: ["flops", "bytes", "fewest"],
  worlds: [1],
  interleavings: 0,
  hints: [
    "List the matrices of one layer with their sizes, and the head. What does a token cost in each, what does a step read of each? Then attention, for one row: how many pairs of a query and a key are there, and how many keys and values?",
    "Matrices of a layer: q and o have width × heads × headDim elements each, k and v width × kvHeads × headDim, the MLP three of width × ffnWidth. A token takes two flops for each element; the head only where a row draws. A pair of query and key takes 4 × headDim flops in each head. Of keys and values a row reads 2 × kvHeads × headDim × (start + count) in each layer.",
    "pairs = count × start + count (count + 1) / 2. fewest: n sequences have n F flops and W + n K bytes, where F is one's flops, W the weights' bytes, K its keys' and values'. n F >= x (W + n K): n = ceil(x W / (F - x K)), and 0 if F <= x K.",
  ],
  questions: [
    {
      ask: "Llama 3 8B with weights of four bytes, sequences of 1,000 tokens: how many have to decode together for 20 flops per byte?",
      world: 1,
      answer: () => fewestOf(asked[1]),
      because:
        "One has about 0.5 flops per byte. Each further one adds its flops, and only its own keys and values as bytes.",
    },
    {
      ask: "And of 16,000 tokens each? (0 if no number is enough)",
      world: 1,
      answer: () => fewestOf(asked[2]),
      because: "0: a sequence's keys and values are so many bytes that it brings less than 6 flops for each of them.",
    },
  ],
  async run(answer, { context: { device }, seed }) {
    const { flops, bytes, fewest } = answer as CostAnswer;
    const runs = runsOf(seed);
    const told = [...runs, ...large].map(({ shape, rows }) => ({
      flops: plainOf(flops({ ...shape }, rows.map((row) => ({ ...row })))),
      bytes: plainOf(bytes({ ...shape }, rows.map((row) => ({ ...row })))),
    })); // biome-ignore format: two calls
    const few = asked.map(({ shape, length, flopsPerByte }) => plainOf(fewest({ ...shape }, length, flopsPerByte)));
    const seen: Counted[] = [];
    for (const each of runs) seen.push(await counted(device, each));
    return { told, seen, fewest: few };
  },
  judge({ seed, reports: [{ told, seen, fewest }] }) {
    const runs = runsOf(seed);
    for (const [i, each] of runs.entries()) judgeStep(told[i], each, seen[i], "the run had");
    for (const [i, each] of large.entries()) {
      const right = { flops: flopsOf(each), bytes: bytesOf(each) };
      judgeStep(told[runs.length + i], each, right, "it should be");
    }
    judgeFewest(fewest);
  },
});
