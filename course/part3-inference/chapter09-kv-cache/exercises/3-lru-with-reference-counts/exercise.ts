// Checks 9.3: a pool of pages with reference counts, call by call. What is judged stands in judge.ts.
import { type Answer, defineExercise, plainOf, Wrong, wordsOfValue } from "worldsize/exercise";
import { type Call, casesOf, drive, isPool } from "./cases.ts";
import { judgeCalls } from "./judge.ts";

interface PoolAnswer extends Answer {
  createPool(pages: number): unknown;
}

interface Report {
  /** By case; what createPool gave, where that is no pool. */
  readonly calls: readonly (readonly Call[] | { readonly other: unknown })[];
}

export default defineExercise<Report>({
  number: "9.3",
  title: "LRU with reference counts",
  exports: ["createPool"],
  worlds: [1],
  interleavings: 0,
  hints: [
    "For each page keep three things: how many hold it, which key it has, and, while nobody holds it, its place in a queue. Which of the four calls changes which of them?",
    "match takes a page out of the queue if it was idle; release puts it at the queue's end when its count gets to 0; allocate takes from the front, and deletes the key from the table of keys. Count first, then take: a call that cannot be carried out changes nothing.",
    "In keep, for each page: if the key's page is another one, hold that (count + 1, out of the queue), let go of your own (count - 1, to the free ones, it has no key), and return that. In release, go through the pages from the last to the first.",
  ],
  questions: [
    {
      ask: "In the example: B releases page 0, and D allocates 1 while C still holds page 1. Which page does D get?",
      world: 1,
      answer: () => 0,
      because:
        "Page 1 is held. Page 0 has a key, but nobody holds it: it is the least recently used idle one, as the only one.",
    },
    {
      ask: "And is x still known then?",
      choices: ["yes", "no"],
      world: 1,
      answer: () => "no",
      because: "D writes into page 0. A key that still led there would lead to D's tokens.",
    },
  ],
  async run(answer, { seed }) {
    const { createPool } = answer as PoolAnswer;
    return {
      calls: casesOf(seed).map((given) => {
        const pool = createPool(given.pages);
        return isPool(pool) ? drive(pool, given) : { other: plainOf(pool) };
      }),
    };
  },
  judge({ seed, reports: [{ calls }] }) {
    for (const [i, given] of casesOf(seed).entries()) {
      const made = calls[i];
      if ("other" in made) {
        throw new Wrong(
          "what it returns",
          `createPool(${given.pages}) is ${wordsOfValue(made.other)}; it should be an object with allocate, keep, match and release.`,
        );
      }
      judgeCalls(made, given);
    }
  },
});
