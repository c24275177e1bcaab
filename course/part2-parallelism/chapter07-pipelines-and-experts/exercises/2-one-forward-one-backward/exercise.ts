// Checks 7.2: puts the reader's rows on ideal time, and runs a real model by them. What is judged stands in judge.ts.
import type { Context } from "worldsize";
import { type Answer, defineExercise, plainOf } from "worldsize/exercise";
import { PipelineRun, peakOf, type Schedule } from "worldsize/parallel";
import { modelOf, type Shape, scheduleOf, shapeOfRun, shapesOf, WIDTH } from "./cases.ts";
import { judgeRun, judgeTable, type Ran, type Report } from "./judge.ts";

interface ScheduleAnswer extends Answer {
  schedule(stages: number, microBatches: number): unknown;
}

/** The place of 5 stages and 3 micro-batches among the shapes. */
const FEW = 6;

/** Forwards before the first backward in a rank's row. */
function before(rows: unknown, rank: number): number {
  return (rows as string[][])[rank].findIndex((action) => action.startsWith("B"));
}

export default defineExercise<Report>({
  number: "7.2",
  title: "One forward, one backward",
  exports: ["schedule"],
  worlds: [1, 2, 3, 5],
  interleavings: 2,
  hints: [
    "Begin with the last rank: it can do the backward of a micro-batch right behind its forward. The rank before it has to wait for that, and can do one forward more meanwhile. How many can the first do?",
    "A row has three parts: forwards alone, one for each rank behind this one, but no more than there are micro-batches; then one forward and one backward in turn, until no forward is left; then the backwards that are still to be done.",
    "warmup = min(stages - 1 - rank, microBatches). F0 … F(warmup - 1); then for m from warmup on F(m), B(m - warmup); then the last warmup backwards, in order.",
  ],
  questions: [
    {
      ask: "4 stages, 8 micro-batches: how many forwards stand in rank 1's row before its first backward?",
      world: 1,
      answer: ({ reports }) => before((reports[0] as Report).table[0], 1),
      because: "Two while the first micro-batch is at ranks 2 and 3, and the one with which taking turns begins: 3.",
    },
    {
      ask: "And in rank 0's row, with 5 stages and 3 micro-batches?",
      world: 1,
      answer: ({ reports }) => before((reports[0] as Report).table[FEW], 0),
      because: "There are no more than 3. With fewer micro-batches than stages, 1F1B's first ranks do what GPipe's do.",
    },
  ],
  async run(answer, { context, seed, variant }) {
    const { schedule } = answer as ScheduleAnswer;
    const { world } = context;
    const rowsOf = ({ stages, microBatches }: Shape): unknown => plainOf(schedule(stages, microBatches));
    const table = world.rank === 0 ? shapesOf(seed).map(rowsOf) : [];
    const shape = shapeOfRun(world.size, variant);
    const own = rowsOf(shape);
    // All ranks run rank 0's rows: those that cannot be run are for the judge.
    const sent = await world.broadcastObject(world.rank === 0 ? textOf(own) : "", 0);
    const runnable = sent === "" ? undefined : tried(() => scheduleOf(JSON.parse(sent), shape));
    return { table, rows: own, ran: runnable && (await ranBy(runnable, context, seed, shape)) };
  },
  judge(outcome) {
    for (const [i, shape] of shapesOf(outcome.seed).entries()) judgeTable(outcome.reports[0].table[i], shape);
    judgeRun(outcome, shapeOfRun(outcome.size, outcome.variant));
  },
});

/** What a function gives, or nothing where it throws: what it throws of is for the judge. */
function tried<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch {
    return undefined;
  }
}

/** Rows as text, if they are a list. */
function textOf(rows: unknown): string {
  return Array.isArray(rows) ? JSON.stringify(rows) : "";
}

/** Runs the model, one stage on each rank. */
async function ranBy(
  schedule: Schedule,
  { world, device }: Pick<Context, "world" | "device">,
  seed: number,
  shape: Shape,
): Promise<Ran> {
  const { weights, inputs } = modelOf(seed, shape);
  const weight = device.tensor(weights[world.rank]).requiresGrad_();
  const run = new PipelineRun(world, device, schedule, {
    shapeOf: (m) => [inputs[m].length, WIDTH],
    forward: (stage, m, x) => {
      const y = (x ?? device.tensor(inputs[m])).matmul(weight).tanh();
      return stage + 1 < shape.stages ? y : y.mul(y).sum();
    },
  });
  await run.run();
  const gradient = (await weight.grad?.toArray()) as number[][];
  return { gradient, peak: run.peak, planned: peakOf(schedule.ranks[world.rank]) };
}
