/**
 * Schedules that take backward apart (Qi et al., "Zero Bubble Pipeline Parallelism", 2023): the half for weights waits for
 * nobody, and fills what would be idle.
 */
import { checkShape, type PipelineShape, withoutExtra } from "./generate.ts";
import type { Action, ActionKind, Schedule } from "./schedule.ts";

const act = (kind: ActionKind, stage: number, microBatch: number): Action => ({ kind, stage, microBatch });

/**
 * ZB-H1: 1F1B, of which a later rank puts off its weights more: rank p keeps at most p micro-batches waiting for their half.
 * Together with those that wait for their backward, no rank keeps more than there are ranks.
 */
export function zeroBubbleH1(shape: PipelineShape): Schedule {
  checkShape(shape);
  const { ranks, microBatches } = shape;
  const lists = Array.from({ length: ranks }, (_, p) => {
    const list: Action[] = [];
    let [forward, weights] = [0, 0];
    for (; forward < Math.min(ranks - p - 1, microBatches); forward++) list.push(act("F", p, forward));
    for (let m = 0; m < microBatches; m++) {
      if (forward < microBatches) list.push(act("F", p, forward++));
      list.push(act("I", p, m));
      if (m - weights >= p) list.push(act("W", p, weights++));
    }
    while (weights < microBatches) list.push(act("W", p, weights++));
    return list;
  });
  return { name: "zb-h1", stages: ranks, microBatches, ranks: lists };
}

/**
 * ZB-V: two stages for each rank, laid like a V: rank p has stage p on the way down, and 2 · ranks - 1 - p on the way up, so
 * the last stage is where the first is. With F, I and W of one length no rank is idle between its first and its last action,
 * and none keeps more than 2 · ranks activations of a stage (of half a rank each): as much as 1F1B.
 */
export function zeroBubbleV(shape: PipelineShape): Schedule {
  checkShape(shape);
  const { ranks, microBatches } = shape;
  const whole = Math.max(microBatches, 2 * ranks);
  const lists = Array.from({ length: ranks }, (_, p) => new VList(p, ranks, whole).list);
  return { name: "zb-v", stages: 2 * ranks, microBatches, ranks: withoutExtra(lists, microBatches) };
}

/** The list of one rank; each action takes the next micro-batch of its kind and stage. */
class VList {
  readonly list: Action[] = [];
  readonly #stages: readonly [down: number, up: number];
  readonly #next = new Map<string, number>();

  constructor(p: number, ranks: number, microBatches: number) {
    this.#stages = [p, 2 * ranks - 1 - p];
    const left = ranks - p;
    // The way down is filled until the first micro-batch comes up again.
    this.#times(2 * left - 1, "F0");
    this.#times(p, "F1 F0");
    this.#times(left, "F1 I1 W1");
    while (this.#done("F0") < microBatches) this.#times(1, "F0 I0 W0 F1 I1 W1");
    // What is still to come up, while the way down has nothing left.
    while (this.#done("F1") < microBatches) this.#times(1, "I0 W0 F1 I1 W1");
    this.#times(p, "I0 I1");
    this.#times(left, "I0 W0");
    for (const way of ["1", "0"]) this.#times(microBatches - this.#done(`W${way}`), `W${way}`);
  }

  #done(name: string): number {
    return this.#next.get(name) ?? 0;
  }

  #times(times: number, names: string): void {
    for (let i = 0; i < times; i++) {
      for (const name of names.split(" ")) {
        const microBatch = this.#done(name);
        this.#next.set(name, microBatch + 1);
        this.list.push(act(name[0] as ActionKind, this.#stages[Number(name[1])], microBatch));
      }
    }
  }
}
