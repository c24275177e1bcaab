// Checks 7.3: runs the step on every rank, and reads the gradients that it leaves. What is judged stands in judge.ts.
import { functional, Parameter, type ProcessGroup, type Tensor, type TensorDevice } from "worldsize";
import { changeOf, defineExercise, plainOf } from "worldsize/exercise";
import { judgeGradients, judgeInputs, judgeLoss, type Report } from "./judge.ts";
import { casesOf, type Matrix, type MicroBatch } from "./model.ts";

interface Stage {
  readonly weight: Tensor;
  readonly table: Tensor | undefined;
  readonly ends: ProcessGroup | undefined;
  lookup(tokens: number[]): Tensor;
}

type Step = (
  world: ProcessGroup,
  device: TensorDevice,
  stage: Stage,
  runs: readonly (readonly MicroBatch[])[],
) => Promise<unknown>;

export default defineExercise<Report>({
  number: "7.3",
  title: "Find the bug",
  exports: ["step"],
  worlds: [1, 2, 3, 5],
  interleavings: 2,
  hints: [
    "Two of the bugs are there on one rank, too. Take two runs of two micro-batches each, with 1, 3, 2 and 2 tokens, and write down by what each token's gradient is divided, from its backward to the end.",
    "Three places. Where does backward begin: at which sum, divided by what? What is divided after a run, and what does an earlier run's gradient become then? And the table: which of its two uses has the first rank seen, which the last, and what must both have in the end?",
    "Count the targets of all runs once, before anything else; the loss that backward begins at is sum.div(count). Nothing is divided later. After the last run, the two ranks in stage.ends sum table.grad by allReduce, once.",
  ],
  questions: [
    {
      ask: "Four micro-batches give dw = 1, 2, 3 and 4. They are run twice, gradients add up, and after each run they are divided by 4. What comes out?",
      world: 1,
      answer: () => [1, 2].reduce((sum) => (sum + [1, 2, 3, 4].reduce((a, b) => a + b)) / 4, 0),
      because: "(10/4 + 10)/4 = 3.125: the first run is divided twice. The mean over all eight is 2.5.",
    },
    {
      ask: "Three stages on three ranks, and the head is the embedding. How many ranks have a gradient of the table after the right step?",
      world: 3,
      answer: ({ reports }) => (reports as readonly Report[]).filter(({ runs }) => runs[0].table !== null).length,
      because:
        "Two: the first looks words up in it, the last scores with it. Each has one term, and both need the sum.",
    },
  ],
  async run(answer, { context: { world, device }, seed }) {
    const { rank, size } = world;
    const { step } = answer as unknown as { readonly step: Step };
    const isEnd = rank === 0 || rank === size - 1;
    const ends = await world.split(isEnd ? 0 : undefined, rank, "ends");
    const runs: Report["runs"][number][] = [];
    for (const given of casesOf(seed, size)) {
      const parameter = (rows: Matrix): Parameter => {
        const made = new Parameter(device, [rows.length, rows[0].length], { empty: true });
        device.noGrad(() => made.copy_(device.tensor(rows)));
        return made;
      };
      const weight = parameter(given.weights[rank]);
      const table = isEnd ? parameter(given.table) : undefined;
      const lookup = (tokens: number[]): Tensor => {
        if (!table || rank > 0) throw new Error(`Rank ${rank} is not the first stage: words go in at rank 0.`);
        return functional.embedding({ table, index: device.tensor([...tokens], "i32") });
      };
      const handed = structuredClone(given.runs);
      const loss = plainOf(await step(world, device, { weight, table, ends, lookup }, handed));
      const same = JSON.stringify(handed) === JSON.stringify(given.runs);
      const changed = same ? await changeOf(weight, given.weights[rank].flat(), "weight") : "a list is another";
      runs.push({
        loss,
        weight: weight.grad && [...(await weight.grad.data())].map(Number),
        table: table?.grad ? [...(await table.grad.data())].map(Number) : null,
        changed: changed ?? (table && (await changeOf(table, given.table.flat(), "table"))),
      });
    }
    return { runs };
  },
  judge(outcome) {
    outcome.allowOnly(
      ["split", "send", "recv", "allReduce", "broadcast"],
      "The step is to communicate as the starter does.",
    );
    for (const at of casesOf(outcome.seed, outcome.size).keys()) {
      judgeGradients(outcome, at);
      judgeLoss(outcome, at);
      judgeInputs(outcome, at);
    }
  },
});
