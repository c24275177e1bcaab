/**
 * Runs a schedule: a rank does its list in order, and waits only for what an action needs. Sends and receives are in flight
 * meanwhile. What it keeps of a micro-batch is given up by its backward, or by the half for the weights.
 */
import { type DeferredWeights, tapeOf } from "../../autograd/index.ts";
import type { Tensor, TensorDevice } from "../../tensor/index.ts";
import type { ProcessGroup, Work } from "../../world/index.ts";
import { checkSchedule } from "./check.ts";
import { type MessageAction, type Step, withMessages } from "./messages.ts";
import type { Action, Schedule } from "./schedule.ts";

/** What is computed at stages; the runner knows of shapes alone. */
export interface StageWork {
  /** Shape of what a stage hands on for a micro-batch: f32. */
  shapeOf(microBatch: number): readonly number[];
  /**
   * Forward of a stage, recorded. @param x of the stage before; undefined at the first.
   * @returns what the next stage reads; at the last stage the loss, which backward begins at.
   */
  forward(stage: number, microBatch: number, x: Tensor | undefined): Tensor;
  /** Runs a backward pass, or its half for the weights: for whoever has to be told that more are to come. */
  backward?(body: () => void): void;
  /** Awaited when an action has computed, before its result is handed on: on a virtual clock it sleeps for as long as that takes. */
  pace?(action: Action): Promise<void>;
}

/** What a rank keeps of a stage and micro-batch from forward to the end of backward. */
interface Kept {
  readonly x: Tensor | undefined;
  readonly y: Tensor;
  weights?: DeferredWeights;
}

/** What is sent, until it has left. */
interface Sending {
  readonly work: Work<Tensor>;
  readonly tensor: Tensor;
}

/** One rank's side of a pipeline. */
export class PipelineRun {
  /** Most micro-batches of a stage that were kept at a time, as in `Timing.peaks`. */
  peak = 0;
  readonly #group: ProcessGroup;
  readonly #device: TensorDevice;
  readonly #schedule: Schedule;
  readonly #work: StageWork;
  readonly #kept = new Map<string, Kept>();
  /** What has been received for a stage, or handed on at this rank: activations (F) and gradients (B). */
  readonly #arrived = new Map<string, Tensor>();
  readonly #receiving = new Map<string, Work<Tensor>>();
  readonly #sending: Sending[] = [];

  /** @throws RangeError for a schedule of other ranks, or one that cannot be run. */
  constructor(group: ProcessGroup, device: TensorDevice, schedule: Schedule, work: StageWork) {
    checkSchedule(schedule);
    if (schedule.ranks.length !== group.size) {
      throw new RangeError(
        `The schedule ${schedule.name} is for ${schedule.ranks.length} ranks, but the group has ${group.size}. Their numbers must be equal.`,
      );
    }
    this.#group = group;
    this.#device = device;
    this.#schedule = schedule;
    this.#work = work;
  }

  /** Forward and backward of all micro-batches: gradients are added up. All ranks of the group call it. */
  async run(): Promise<void> {
    try {
      for (const step of withMessages(this.#schedule)[this.#group.rank]) {
        await this.#letGo();
        await this.#do(step);
      }
      await this.#letGo(true);
    } finally {
      this.#giveUp();
    }
  }

  async #do(step: Step): Promise<void> {
    if ("peer" in step) this.#message(step);
    else if (step.kind === "F") await this.#forward(step);
    else if (step.kind === "W") await this.#weights(step);
    else await this.#backward(step);
  }

  #message({ kind, stage, microBatch, peer }: MessageAction): void {
    const way = kind.endsWith("F") ? "F" : "B";
    const key = keyOf(way, stage, microBatch);
    if (kind.startsWith("SEND")) {
      const tensor = this.#taken(key);
      // Named by the stage that it is for.
      const tag = this.#tag(way, way === "F" ? stage + 1 : stage - 1, microBatch);
      this.#sending.push({ work: this.#group.send(tensor, peer, { tag }), tensor });
      return;
    }
    const shape = [...this.#work.shapeOf(microBatch)];
    const tensor = this.#device.unscoped(() =>
      this.#device.empty(shape, "f32", way === "F" ? "activations" : "scratch"),
    );
    this.#arrived.set(key, tensor);
    this.#receiving.set(key, this.#group.recv(tensor, peer, { tag: this.#tag(way, stage, microBatch) }));
  }

  async #forward(action: Action): Promise<void> {
    const { stage, microBatch } = action;
    const device = this.#device;
    const x = stage > 0 ? await this.#received("F", stage, microBatch) : undefined;
    x?.requiresGrad_();
    const y = device.scope(() => this.#work.forward(stage, microBatch, x));
    this.#kept.set(keyOf("F", stage, microBatch), { x, y });
    this.peak = Math.max(this.peak, this.#kept.size);
    await this.#work.pace?.(action);
    if (stage + 1 < this.#schedule.stages) this.#handOn("F", stage, microBatch, y.detach());
  }

  async #backward(action: Action): Promise<void> {
    const { kind, stage, microBatch } = action;
    const device = this.#device;
    const isLast = stage + 1 === this.#schedule.stages;
    const dy = isLast ? undefined : await this.#received("B", stage, microBatch);
    const kept = this.#kept.get(keyOf("F", stage, microBatch)) as Kept;
    const backward = (): void => kept.y.backward(dy);
    this.#pass(() => {
      if (kind === "I") kept.weights = tapeOf(device).deferWeights(backward);
      else backward();
    });
    dy?.dispose();
    await this.#work.pace?.(action);
    if (stage > 0) {
      const dx = kept.x?.grad as Tensor;
      this.#handOn("B", stage, microBatch, dx.detach());
    }
    if (kind === "B") this.#free(stage, microBatch);
  }

  async #weights(action: Action): Promise<void> {
    const { stage, microBatch } = action;
    this.#pass(() => this.#kept.get(keyOf("F", stage, microBatch))?.weights?.run());
    await this.#work.pace?.(action);
    this.#free(stage, microBatch);
  }

  #pass(body: () => void): void {
    if (this.#work.backward) this.#work.backward(body);
    else body();
  }

  /** Hands a result to the stage beside, which may be at this rank. */
  #handOn(way: "F" | "B", stage: number, microBatch: number, tensor: Tensor): void {
    const next = way === "F" ? stage + 1 : stage - 1;
    const isHere = this.#schedule.ranks[this.#group.rank].some((action) => action.stage === next);
    this.#arrived.set(isHere ? keyOf(way, next, microBatch) : keyOf(way, stage, microBatch), tensor);
  }

  async #received(way: "F" | "B", stage: number, microBatch: number): Promise<Tensor> {
    const key = keyOf(way, stage, microBatch);
    await this.#receiving.get(key);
    this.#receiving.delete(key);
    return this.#taken(key);
  }

  #taken(key: string): Tensor {
    const tensor = this.#arrived.get(key) as Tensor;
    this.#arrived.delete(key);
    return tensor;
  }

  #free(stage: number, microBatch: number): void {
    const key = keyOf("F", stage, microBatch);
    const kept = this.#kept.get(key);
    kept?.weights?.dispose();
    kept?.y.dispose();
    if (kept?.x) {
      kept.x.grad = null;
      kept.x.dispose();
    }
    this.#kept.delete(key);
  }

  /** Frees what has left. */
  async #letGo(all = false): Promise<void> {
    for (const sending of [...this.#sending]) {
      if (!all && !sending.work.done) continue;
      await sending.work;
      sending.tensor.dispose();
      this.#sending.splice(this.#sending.indexOf(sending), 1);
    }
  }

  /** Gives up what a run that failed has left; the job ends by its error, whatever is in flight. */
  #giveUp(): void {
    this.#sending.length = 0;
    this.#arrived.clear();
    this.#receiving.clear();
    for (const { weights } of this.#kept.values()) weights?.dispose();
    this.#kept.clear();
  }

  #tag(way: "F" | "B", stage: number, microBatch: number): number {
    return (microBatch * this.#schedule.stages + stage) * 2 + (way === "F" ? 0 : 1);
  }
}

function keyOf(way: "F" | "B", stage: number, microBatch: number): string {
  return `${way}${stage}.${microBatch}`;
}
