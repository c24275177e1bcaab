// What 7.2 is tried on: shapes of pipelines, rows made into a schedule, and the small model that is run by it, with its gradients
// in f64.
import { draws, formed, Wrong } from "worldsize/exercise";
import { type Action, checkSchedule, type Schedule } from "worldsize/parallel";

export interface Shape {
  readonly stages: number;
  readonly microBatches: number;
}

/** Shapes that are put on ideal time: plain ones first, then odd ones; the last two are drawn anew. */
export function shapesOf(seed: number): Shape[] {
  const random = draws(seed, 72);
  const whole = (from: number, to: number): number => from + Math.floor((to - from + 1) * random());
  const of = (stages: number, microBatches: number): Shape => ({ stages, microBatches });
  return [
    of(4, 8),
    of(8, 32),
    of(2, 3),
    of(3, 3),
    of(1, 4),
    of(5, 1),
    of(5, 3), // fewer micro-batches than stages
    of(1, 1),
    of(whole(2, 9), whole(2, 20)),
    of(whole(2, 9), whole(1, 9)),
  ];
}

/** What is run on so many ranks. */
export function shapeOfRun(size: number, variant: number): Shape {
  return { stages: size, microBatches: [4, 1, 7][variant % 3] };
}

export const wordsOf = ({ stages, microBatches }: Shape): string =>
  `${stages} ${stages === 1 ? "stage" : "stages"}, ${microBatches} micro-${microBatches === 1 ? "batch" : "batches"}`;

/** Rows of an answer as a schedule that can be run. @throws Wrong for rows of another form, or an action that cannot be. */
export function scheduleOf(value: unknown, shape: Shape): Schedule {
  const words = wordsOf(shape);
  const rows = formed<readonly (readonly string[])[]>(value, [["string"]], `${words}: schedule(…)`);
  if (rows.length !== shape.stages) {
    throw new Wrong(
      "the rows",
      `${words}: there are ${rows.length} rows; there should be one for each of ${shape.stages} ranks.`,
    );
  }
  const ranks = rows.map((row, rank) =>
    row.map((text, at) => actionOf(text, rank, shape, `${words}: row ${rank}, entry ${at}`)),
  );
  const schedule = { name: words, ...shape, ranks };
  try {
    checkSchedule(schedule);
  } catch (error) {
    throw new Wrong("the order", `${(error as Error).message}${orderHint(error as Error)}`);
  }
  return schedule;
}

function actionOf(text: string, stage: number, { stages, microBatches }: Shape, where: string): Action {
  const [, kind, microBatch] = /^([FB])(\d{1,4})$/.exec(text) ?? [];
  if (!kind) {
    throw new Wrong(
      "the rows",
      `${where} is ${JSON.stringify(text.slice(0, 20))}; it should be F or B with a micro-batch, such as F0.`,
    );
  }
  if (Number(microBatch) >= microBatches) {
    const few = microBatches < stages ? " No rank can begin with more forwards than there are micro-batches." : "";
    throw new Wrong("the rows", `${where} is ${text}, but micro-batches go from 0 to ${microBatches - 1}.${few}`);
  }
  return { kind: kind as "F" | "B", stage, microBatch: Number(microBatch) };
}

/** What an order that cannot be run may come from. */
function orderHint({ message }: Error): string {
  if (/is missing, the backward/.test(message))
    return " When forwards have come to an end, some backwards are still to be done.";
  if (/deadlocks/.test(message)) return " Each of them waits for what stands behind its own row's next action.";
  return "";
}

/** Rows of a micro-batch, and their width. */
const ROWS = 2;
export const WIDTH = 3;

export type Matrix = number[][];

/** The model: each stage is tanh(x · weight), and the loss is the sum of the last one's squares. */
export function modelOf(seed: number, { stages, microBatches }: Shape): { weights: Matrix[]; inputs: Matrix[] } {
  const matrix = (rows: number, label: number): Matrix => {
    const random = draws(seed, 720, label);
    return Array.from({ length: rows }, () => Array.from({ length: WIDTH }, () => Math.floor(65 * random()) / 32 - 1));
  };
  return {
    weights: Array.from({ length: stages }, (_, stage) => matrix(WIDTH, stage)),
    inputs: Array.from({ length: microBatches }, (_, m) => matrix(ROWS, 1000 + m)),
  };
}

const times = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0].map((_, j) => row.reduce((sum, each, k) => sum + each * b[k][j], 0)));
const turned = (a: Matrix): Matrix => a[0].map((_, j) => a.map((row) => row[j]));

/** Gradients of all stages' weights over all micro-batches, on one rank, in f64. */
export function gradientsOf(seed: number, shape: Shape): Matrix[] {
  const { weights, inputs } = modelOf(seed, shape);
  const sums = weights.map((weight) => weight.map((row) => row.map(() => 0)));
  for (const input of inputs) {
    const stream = [input];
    for (const weight of weights)
      stream.push(times(stream[stream.length - 1], weight).map((row) => row.map(Math.tanh)));
    let dy = stream[weights.length].map((row) => row.map((y) => 2 * y));
    for (let stage = weights.length - 1; stage >= 0; stage--) {
      const y = stream[stage + 1];
      const dz = dy.map((row, i) => row.map((each, j) => each * (1 - y[i][j] ** 2)));
      for (const [i, row] of times(turned(stream[stage]), dz).entries())
        for (const [j, each] of row.entries()) sums[stage][i][j] += each;
      dy = times(dz, turned(weights[stage]));
    }
  }
  return sums;
}
