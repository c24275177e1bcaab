// Checks 9.1: bytes of a token and sequences that fit, for many configs. What is judged stands in judge.ts.
import { type Answer, defineExercise, plainOf } from "worldsize/exercise";
import { bytesOf, casesOf } from "./cases.ts";
import { judgeBytes, judgeFit } from "./judge.ts";

interface SizeAnswer extends Answer {
  bytesPerToken(config: unknown, dtype: unknown, ranks: number): unknown;
  sequencesThatFit(config: unknown, dtype: unknown, ranks: number, room: unknown): unknown;
}

interface Report {
  readonly bytes: readonly unknown[];
  readonly fit: readonly unknown[];
}

export default defineExercise<Report>({
  number: "9.1",
  title: "Keys and values of a named model",
  exports: ["bytesPerToken", "sequencesThatFit"],
  worlds: [1],
  interleavings: 0,
  hints: [
    "Write down what one layer keeps of one token: a row of keys and a row of values. How long is a row, and whose heads count: those of queries, or those of keys?",
    "Multiply: 2 rows, layers, heads of keys on this rank, and bytes of a head. A head has head_dim numbers, and in int8 a scale beside them. A rank never has less than one head.",
    "bytes = 2 · layers · max(1, kvHeads / ranks) · (headDim · bytes of a number + 4 in int8). fit = ⌊⌊memory / (pageSize · bytes)⌋ / ⌈length / pageSize⌉⌋.",
  ],
  questions: [
    {
      ask: "Llama 3.1 8B: 32 layers, 8 heads of keys with 128 numbers. How many bytes does a token keep in bf16?",
      world: 1,
      answer: () => bytesOf(casesOf(0)[0]),
      because: "2 · 32 · 8 · 128 numbers of two bytes are 131,072: 128 KiB for each token.",
    },
    {
      ask: "And by which factor more would it be with as many heads of keys as of queries, 32?",
      world: 1,
      answer: () => bytesOf(casesOf(0)[0], { heads: true }) / bytesOf(casesOf(0)[0]),
      because: "32 over 8: groups of four queries share a head of keys. That is what grouped-query attention is for.",
    },
  ],
  async run(answer, { seed }) {
    const { bytesPerToken, sequencesThatFit } = answer as SizeAnswer;
    const cases = casesOf(seed);
    return {
      bytes: cases.map(({ config, dtype, ranks }) => plainOf(bytesPerToken({ ...config }, dtype, ranks))),
      fit: cases.map(({ config, dtype, ranks, room }) =>
        plainOf(sequencesThatFit({ ...config }, dtype, ranks, { ...room })),
      ),
    };
  },
  judge({ seed, reports: [{ bytes, fit }] }) {
    const cases = casesOf(seed);
    for (const [i, given] of cases.entries()) judgeBytes(bytes[i], given);
    for (const [i, given] of cases.entries()) judgeFit(fit[i], given);
  },
});
