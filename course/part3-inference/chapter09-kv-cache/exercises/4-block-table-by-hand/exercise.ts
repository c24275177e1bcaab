// Checks 9.4: block tables with copy on write, call by call. What is judged stands in judge.ts.
import { type Answer, defineExercise, plainOf, Wrong, wordsOfValue } from "worldsize/exercise";
import { type Call, casesOf, drive, isTables, reference, type Step } from "./cases.ts";
import { judgeSteps } from "./judge.ts";

interface TablesAnswer extends Answer {
  createTables(pages: number, pageSize: number): unknown;
}

interface Report {
  /** By case; what createTables gave, where that is no object with these methods. */
  readonly steps: readonly (readonly Step[] | { readonly other: unknown })[];
}

/** Pages that four sequences copy, three of them forked from one of so many tokens. */
function copiesOf(tokens: number): number {
  const calls: Call[] = [
    { call: "begin", id: 0 },
    { call: "append", id: 0, count: tokens },
    ...[1, 2, 3].map((other) => ({ call: "fork", id: 0, other }) as const),
    ...[0, 1, 2, 3].map((id) => ({ call: "append", id, count: 1 }) as const),
  ];
  return reference(4, calls).copies.reduce((sum, count) => sum + count, 0);
}

export default defineExercise<Report>({
  number: "9.4",
  title: "A block table by hand",
  exports: ["createTables"],
  worlds: [1],
  interleavings: 0,
  hints: [
    "For each page, count how many tables name it. Which call adds to the count, and which takes from it? When may a page be taken again?",
    "append: if the last page is not full and is counted more than once, take a new page, note the copy, count the old one down, and put the new one in its place. Then, for each token, take a page if its position is a multiple of pageSize.",
    "slot of position p: table[⌊p / pageSize⌋] · pageSize + p % pageSize. fork: copy the list, count each of its pages up. free: count each down, and at 0 it is free.",
  ],
  questions: [
    {
      ask: "Three sequences are forked from one with 6 tokens, pages of 4, and all four append 1. How many pages are copied?",
      world: 1,
      answer: () => copiesOf(6),
      because: "Three: each finds the half-full page named by others, but the last one, whose own it has become.",
    },
    {
      ask: "And if it has 8 tokens?",
      world: 1,
      answer: () => copiesOf(8),
      because: "None: both pages are full. Each of the four takes a page of its own for its next token.",
    },
  ],
  async run(answer, { seed }) {
    const { createTables } = answer as TablesAnswer;
    return {
      steps: casesOf(seed).map((given) => {
        const tables = createTables(given.pages, given.pageSize);
        return isTables(tables) ? drive(tables, given) : { other: plainOf(tables) };
      }),
    };
  },
  judge({ seed, reports: [{ steps }] }) {
    for (const [i, given] of casesOf(seed).entries()) {
      const made = steps[i];
      if ("other" in made) {
        throw new Wrong(
          "what it returns",
          `createTables(${given.pages}, ${given.pageSize}) is ${wordsOfValue(made.other)}; it should be an object with begin, append, fork, free and table.`,
        );
      }
      judgeSteps(made, given);
    }
  },
});
