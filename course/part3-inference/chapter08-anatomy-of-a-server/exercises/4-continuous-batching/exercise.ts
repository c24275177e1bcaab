// Checks 8.4: the loop of a server, around a model that reads what lies in its slots. What is judged stands in judge.ts.
import { type Answer, defineExercise } from "worldsize/exercise";
import { END, leastOf, loadsOf } from "./cases.ts";
import { judgeLoad } from "./judge.ts";
import { type Machine, type Ran, ranOn } from "./machine.ts";

interface LoopAnswer extends Answer {
  serve(machine: Machine, end: number): unknown;
}

interface Report {
  readonly loads: readonly Ran[];
}

/** The chapter's four requests, whose answers have 2, 6, 3 and 2 tokens. */
const lengths = [2, 6, 3, 2];

/** Steps until a request has its first token, in two slots. @param isStatic whether a batch ends before the next one begins. */
function firstOf(request: number, isStatic: boolean): number {
  const free = [0, 0];
  for (let i = 0; i <= request; i++) {
    if (isStatic && i % 2 === 0) free.fill(Math.max(...free));
    const slot = isStatic ? i % 2 : free.indexOf(Math.min(...free));
    if (i === request) return free[slot] + 1;
    free[slot] += lengths[i];
  }
  return 0;
}

export default defineExercise<Report>({
  number: "8.4",
  title: "Continuous batching",
  exports: ["serve"],
  worlds: [1],
  interleavings: 0,
  hints: [
    "Each turn of the loop has four parts: who has arrived, who gets a free slot, one step for all that have a slot, and what each of them drew. Write the four down as comments first.",
    "A sequence needs to know: its slot, how many of its tokens are in the slot already, and which tokens come next: the whole prompt at first, then the one that was drawn last. After the step it has start + tokens.length in its slot. If it drew the end, or has had its most, its slot is free for the next turn.",
    "for (;;) { waiting.push(...machine.arrived()); for each free slot: take waiting.shift(); rows = all that run; if (rows.length === 0 && !machine.open) return; drawn = await machine.step(rows); for each: start += tokens.length; if (token !== end) { give; given++ }; if (token === end || given === most) free its slot; else tokens = [token] }",
  ],
  questions: [
    {
      ask: "Two slots; answers of 2, 6, 3 and 2 tokens, all there at the beginning. After which step has the third request its first token?",
      world: 1,
      answer: () => firstOf(2, false),
      because: "The first one ends with step 2, the third takes its slot, and step 3 runs its prompt.",
    },
    {
      ask: "And with static batching, where two begin together and the next two when both have ended?",
      world: 1,
      answer: () => firstOf(2, true),
      because: "The second request takes six steps; the third begins with the seventh.",
    },
  ],
  async run(answer, { seed }) {
    const { serve } = answer as LoopAnswer;
    const loads: Ran[] = [];
    for (const load of loadsOf(seed)) {
      const ran = await ranOn(load, (machine) => serve(machine, END));
      loads.push(ran);
      if (ran.refused !== undefined || ran.steps < leastOf(load).steps) break; // the judge says what is wrong
    }
    return { loads };
  },
  judge({ seed, reports: [{ loads }] }) {
    for (const [i, load] of loadsOf(seed).entries()) judgeLoad(loads[i], load);
  },
});
