/** What chapter 7 states, and what it rests on. */
import {
  gpipe,
  interleaved,
  oneForwardOneBackward,
  type Schedule,
  timeOf,
  zeroBubbleH1,
} from "../../../src/parallel/pipeline/index.ts";
import type { Claim, Register } from "./claim.ts";

const example = (why: string, ...says: string[]): Claim[] => says.map((each) => ({ says: each, by: "example", why }));

/** Of the figures: four ranks, six micro-batches, and a unit of time for each of F, I and W. */
const six = { ranks: 4, microBatches: 6 };
const three = { ranks: 3, microBatches: 3 };
const makespan = (schedule: Schedule): number => timeOf(schedule).makespan;
const kept = (schedule: Schedule, rank: number): number => timeOf(schedule).peaks[rank];
/** Forward and backward of one slot each. */
const slots = (schedule: Schedule): number => timeOf(schedule, { F: 1, I: 0.5, W: 0.5 }).makespan;
const wide = { ranks: 8, microBatches: 32 };

/** The example of the mechanism: x of four micro-batches, u = 2 and w = 1. */
const x = [0.5, 1, 1.5, 2];
const [u, w] = [2, 1];
const y = x.map((each) => u * each);
const sum = (values: readonly number[]): number => values.reduce((all, each) => all + each, 0);

const bubble = (ranks: number, microBatches: number): number =>
  100 * timeOf(oneForwardOneBackward({ ranks, microBatches })).bubble;
const four = interleaved({ ranks: 4, chunks: 2, microBatches: 8 });

const zero = "worldsize run zero-bubble --transport local --clock virtual";

export const chapter07: Register = {
  page: "course/part2-parallelism/chapter07-pipelines-and-experts/README.md",
  claims: [
    ...example("what the chapter's question assumes", "Eight stages on eight GPUs"),
    ...example("what the pictures show", "![Seven tokens", "expert e makes 10 x + e", "![Two stages of four ranks"),
    {
      says: "both take 27 units of time; GPipe keeps six micro-batches on each rank, 1F1B four, three, two and one",
      by: "arithmetic",
      gives: {
        "27": () => (makespan(gpipe(six)) + makespan(oneForwardOneBackward(six))) / 2,
        "six micro-batches": () => kept(gpipe(six), 3),
        four: () => kept(oneForwardOneBackward(six), 0),
        three: () => kept(oneForwardOneBackward(six), 1),
        two: () => kept(oneForwardOneBackward(six), 2),
        one: () => kept(oneForwardOneBackward(six), 3),
      },
    },
    ...example(
      "what figures/gpipe-and-1f1b.ts draws",
      "*Four ranks, six micro-batches, backward twice as long as forward.",
    ),
    ...example(
      "the example",
      "Two stages, y = u·x on rank a and z = w·y on rank b, with u = 2 and w = 1",
      "is the mean of z over four micro-batches, so backward begins at 1/4",
      "| micro-batch | 0 | 1 | 2 | 3 | gradient |",
      "| x | 0.5 | 1 | 1.5 | 2 | |",
    ),
    {
      says: "| a sends y | 1 | 2 | 3 | 4 | |",
      by: "arithmetic",
      gives: { "1": () => y[0], "2": () => y[1], "3": () => y[2], "4": () => y[3] },
    },
    {
      says: "| b: dw = y/4 | 0.25 | 0.5 | 0.75 | 1 | 2.5 |",
      by: "arithmetic",
      gives: {
        "0.25": () => y[0] / 4,
        "0.5": () => y[1] / 4,
        "0.75": () => y[2] / 4,
        "1": () => y[3] / 4,
        "2.5": () => sum(y) / 4,
      },
    },
    { says: "| b sends dy = w/4 | 0.25 | 0.25 | 0.25 | 0.25 | |", by: "arithmetic", gives: { "0.25": () => w / 4 } },
    {
      says: "| a: du = x/4 | 0.125 | 0.25 | 0.375 | 0.5 | 1.25 |",
      by: "arithmetic",
      gives: {
        "0.125": () => (x[0] * w) / 4,
        "0.25": () => (x[1] * w) / 4,
        "0.375": () => (x[2] * w) / 4,
        "0.5": () => (x[3] * w) / 4,
        "1.25": () => (sum(x) * w) / 4,
      },
    },
    ...example(
      "in words: one of each, and the step of the count",
      "[7.2 one forward, one backward]",
      "Then one forward and one backward take turns",
      "Tensor parallelism sums as much four times",
      "8 stages, 32 micro-batches, forward and backward take one slot each",
    ),
    {
      says: "78 and 78: (32 + 7) × 2. What falls is what ranks keep: 32 each, against 8, 7, … 1",
      by: "arithmetic",
      gives: {
        "78": () => (slots(gpipe(wide)) + slots(oneForwardOneBackward(wide))) / 2,
        "32": () => kept(gpipe(wide), 7),
        "7": () => kept(oneForwardOneBackward(wide), 1),
        "8": () => kept(oneForwardOneBackward(wide), 0),
        "1": () => kept(oneForwardOneBackward(wide), 7),
      },
    },
    ...example("what the formula names", "is 1/v as long"),
    {
      says: "with two stages on each rank, 16 units of time in place of 20",
      by: "arithmetic",
      gives: {
        "16": () => timeOf(interleaved({ ...three, chunks: 2 }), { F: 1, I: 0.5, W: 0.5 }).makespan,
        "20": () => timeOf(oneForwardOneBackward(three), { F: 2, I: 1, W: 1 }).makespan,
      },
    },
    ...example(
      "what figures/interleaved.ts draws",
      "Three micro-batches on three ranks: with",
      "*One stage on each rank, and two of half the layers",
    ),
    ...example(
      "the script's presets",
      "Four ranks, eight micro-batches, v = 2. What do ranks keep, compared with 1F1B's 4, 3, 2, 1?",
    ),
    {
      says: "More: 5.5, 4.5, 3.5, 2.5",
      by: "arithmetic",
      gives: {
        "5.5": () => kept(four, 0) / 2,
        "4.5": () => kept(four, 1) / 2,
        "3.5": () => kept(four, 2) / 2,
        "2.5": () => kept(four, 3) / 2,
      },
    },
    {
      says: "1F1B takes 27 units of time; ZB-H1 takes 21",
      by: "arithmetic",
      gives: { "27": () => makespan(oneForwardOneBackward(six)), "21": () => makespan(zeroBubbleH1(six)) },
    },
    ...example(
      "the halves of backward",
      "*The same four ranks and six micro-batches.",
      "gives each rank two stages in a V",
    ),
    { says: "taking 1 ms each", by: "example", why: "the script's preset" },
    {
      says: "ZB-H1 idles a third of 1F1B's time",
      by: "command",
      run: zero,
      prints: [/1f1b +│? *45 .*25 .*9/, /zb-h1 .*39 .*8\.333 .*3/],
    },
    {
      says: "the 1.5 ms left are the start",
      by: "command",
      run: zero,
      prints: [/zb-v .*37\.5 .*37\.5 .*4\.167 .*0/],
    },
    { says: "the messages are twice as many", by: "command", run: zero, prints: ["72", "144"] },
    ...example("the question", "Each message takes 0.5 ms. Which of the three"),
    {
      says: "1F1B: 11 ms more",
      by: "command",
      run: `${zero} --link 1GB/s,500us`,
      prints: [/56\.03/],
    },
    {
      says: "leads ZB-H1 by half a millisecond",
      by: "command",
      run: `${zero} --link 1GB/s,500us`,
      prints: [/45\.03/, /44\.55/],
    },
    {
      says: "if W is short (0.3), little can be filled, and ZB-H1 is still 18.48 % over the ideal",
      by: "command",
      run: `${zero} --lengths 1,1,0.3`,
      prints: [/18\.48/],
    },
    {
      says: "With 8 stages and 4 micro-batches 1F1B idles 64 % of the time, with 8 it is 47 %, with 64 it is 10 %",
      by: "arithmetic",
      gives: { "64": () => bubble(8, 4), "47": () => bubble(8, 8), "10": () => bubble(8, 64) },
    },
    ...example(
      "case of four micro-batches",
      "Four micro-batches give dw = 1, 2, 3, 4; the mean is 2.5. They are run twice",
      "gradients are divided by 4",
    ),
    {
      says: "(10/4 + 10)/4 = **3.125**",
      by: "arithmetic",
      gives: { "3.125": () => (10 / 4 + 10) / 4, "10": () => 1 + 2 + 3 + 4 },
    },
    ...example("in a title", "The Llama 3 Herd of Models", "Llama 3's first"),
  ],
};
