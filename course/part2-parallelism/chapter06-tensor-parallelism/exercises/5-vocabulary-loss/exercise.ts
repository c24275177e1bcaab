// Checks 6.5: logits by rank, and what comes back of them; last a label that is no word. judge.ts judges.
import { type ProcessGroup, Tensor, type TensorDevice } from "worldsize";
import { changeOf, defineExercise, Odd, plainOf, watch } from "worldsize/exercise";
import { badOf, type Case, casesOf, shareOf } from "./cases.ts";
import { judgeBad, judgeGradient, judgeInputs, judgeLoss, judgeTraffic, type Report, type Returned } from "./judge.ts";

type Loss = (
  world: ProcessGroup,
  device: TensorDevice,
  logits: Tensor,
  labels: number[],
  vocabulary: number,
) => Promise<unknown>;

export default defineExercise<Report>({
  number: "6.5",
  title: "The vocabulary-parallel loss",
  exports: ["vocabularyLoss"],
  worlds: [1, 2, 3, 5],
  interleavings: 2,
  hints: [
    "loss = log Σ exp(logit) - the label's logit. Which parts of that does a rank have of its own words, and which operation joins each: a sum, or a maximum? Then look at a rank whose columns are all padding.",
    "First the largest logit of each token, by an allReduce with max, of words alone; all ranks subtract the same number. Then, in one allReduce, Σ exp(logit - largest), and the label's logit - largest, which is 0 on all ranks but one. The gradient needs nothing more: exp / total, less 1 in the label's column.",
    "const from = world.rank * columns; a column counts where device.arange(columns, 'i32').lt(vocabulary - from). Give the others the logit -3e38 before the maximum is taken: exp makes 0 of it, and a rank without words needs nothing special. A label's place here is label - from. Rows with -100 have the factor 0, the others 1 / Math.max(1, how many count). Before anything travels, look for a label that is neither -100 nor from 0 to vocabulary - 1, and throw with its row and its value: all ranks have the labels.",
  ],
  questions: [
    {
      ask: "Two ranks with four columns each, five words, all logits 0. Which Σ exp does rank 1 contribute for a token?",
      world: 2,
      answer: ({ reports }) => (reports[1] as Report).runs[0].gave[1] ?? Number.NaN,
      because: "It has one word, and three columns of padding that do not count: exp(0) = 1. Rank 0 has four words.",
    },
    {
      ask: "Three ranks, six tokens, eleven words. How many numbers does a rank contribute in all?",
      world: 3,
      answer: ({ reports }) => (reports[0] as Report).runs[2].gave.length,
      because: "Three for each token: 18. It would be the same with 128,000 words.",
    },
  ],
  async run(answer, { context: { world, device }, seed, variant }) {
    const vocabularyLoss = answer.vocabularyLoss as Loss;
    const { rank, size } = world;
    const logitsOf = (given: Case): Tensor => {
      const share = shareOf(given, size, rank);
      return device.from(share.flat(), [share.length, share[0].length]);
    };
    const runs: Report["runs"][number][] = [];
    for (const given of casesOf(seed, size)) {
      const logits = logitsOf(given);
      const before = [...(await logits.data())].map(Number);
      const labels = [...given.labels];
      const watched = watch(world);
      const result: unknown = await vocabularyLoss(watched.world, device, logits, labels, given.vocabulary);
      const [loss, gradient] = [await readOf(partOf(result, "loss")), await readOf(partOf(result, "gradient"))];
      const gave = (await watched.calls()).flatMap((call) => (Array.isArray(call.gave) ? (call.gave as number[]) : []));
      const isSame = labels.length === given.labels.length && given.labels.every((label, t) => labels[t] === label);
      const changed = isSame ? await changeOf(logits, before, "logits") : "labels are others";
      runs.push({ loss, gradient, gave, changed });
    }
    const bad = badOf(size, variant);
    let thrown: unknown;
    let hasThrown = false;
    try {
      await vocabularyLoss(world, device, logitsOf(bad), [...bad.labels], bad.vocabulary);
    } catch (error) {
      hasThrown = true;
      thrown = wordsOf(error);
    }
    return { runs, hasThrown, thrown };
  },
  given({ world, variant }) {
    const { row, label, vocabulary } = badOf(world, variant);
    return `If that was in the last call: its row ${row} has the label ${label}, of ${vocabulary} words, and all ranks have to throw, before one of them waits.`;
  },
  judge(outcome) {
    outcome.allowOnly(["allReduce"], "Logits stay where they are: the loss is to be made of allReduce alone.");
    for (const at of casesOf(outcome.seed, outcome.size).keys()) {
      judgeLoss(outcome, at);
      judgeGradient(outcome, at);
      judgeTraffic(outcome, at);
      judgeInputs(outcome, at);
    }
    judgeBad(outcome);
  },
});

/** A part of what an answer returned; words where there is nothing to look at. */
function partOf(result: unknown, name: "loss" | "gradient"): unknown {
  try {
    return (result as Record<string, unknown> | undefined)?.[name];
  } catch {
    return new Odd("an object that throws when it is looked at");
  }
}

async function readOf(value: unknown): Promise<Returned> {
  if (!(value instanceof Tensor) || value.size > 10_000) return { other: plainOf(value) };
  return { shape: [...value.shape], dtype: value.dtype, numbers: [...(await value.data())].map(Number) };
}

/** An error's message, whatever was thrown. */
function wordsOf(error: unknown): unknown {
  try {
    return plainOf((error as Error).message);
  } catch {
    return new Odd("an error that throws when it is looked at");
  }
}
