/** Runs a model's steps over pages: all new tokens of all sequences in one forward, then a draw for each that asks for one. */
import { type KvDType, type LanguageModel, PagedKv } from "../../models/index.ts";
import type { Tensor, TensorDevice } from "../../tensor/index.ts";
import type { Sampled } from "../engine/request.ts";
import type { Runner, StepBatch } from "../engine/runner.ts";
import { sample } from "../sampling/sample.ts";

/** What is kept, and how. */
export interface ModelRunnerOptions {
  /** Of keys and values; f32 if not given. */
  readonly kvDType?: KvDType;
}

/** A model behind an engine. */
export class ModelRunner implements Runner {
  readonly positions: number;
  readonly vocabularySize: number;
  /** Its pages. */
  readonly kv: PagedKv;
  readonly #model: LanguageModel;
  readonly #device: TensorDevice;
  readonly #pageSize: number;

  /** @param pages and @param pageSize as of the engine's pool. @throws OutOfMemoryError. */
  constructor(model: LanguageModel, pages: number, pageSize: number, { kvDType }: ModelRunnerOptions = {}) {
    const { device, config } = model;
    this.positions = config.maxPositions;
    this.vocabularySize = config.vocabularySize;
    this.kv = new PagedKv(device, config, pages, pageSize, kvDType);
    this.#model = model;
    this.#device = device;
    this.#pageSize = pageSize;
  }

  async run(batch: StepBatch): Promise<Sampled[][]> {
    const ends = batch.rows.flatMap(({ draws }, i) => (draws.length > 0 ? [i] : []));
    const logits = this.#device.noGrad(() => this.#device.scope(() => this.#forward(batch, ends)));
    const scores = (await logits.data()) as Float32Array;
    logits.dispose();
    const drawn: Sampled[][] = batch.rows.map(() => []);
    for (const [at, i] of ends.entries()) {
      const row = scores.subarray(at * this.vocabularySize, (at + 1) * this.vocabularySize);
      drawn[i] = batch.rows[i].draws.map((draw) => sample(row, draw));
    }
    return drawn;
  }

  /** Frees its pages; the model is its owner's. */
  dispose(): void {
    this.kv.dispose();
  }

  /** @param ends rows whose last token's logits are wanted. @returns f32 [ends, vocabulary]. */
  #forward({ copies, rows }: StepBatch, ends: readonly number[]): Tensor {
    const device = this.#device;
    const i32 = (values: readonly number[], shape: readonly number[] = [values.length]): Tensor =>
      device.from([...values], [...shape], "i32");
    if (copies.length > 0) this.kv.copyPages(i32(copies.map(([from]) => from)), i32(copies.map(([, to]) => to)));
    const starts = [0];
    for (const { tokens } of rows) starts.push(starts[starts.length - 1] + tokens.length);
    const width = Math.max(...rows.map(({ pages }) => pages.length));
    const slots = rows.flatMap(({ tokens, start, pages }) => tokens.map((_, i) => this.#slot(pages, start + i)));
    const step = {
      slots: i32(slots),
      lengths: i32(rows.map(({ tokens, start }) => start + tokens.length)),
      tables: i32(
        rows.flatMap(({ pages }) => [...pages, ...Array<number>(width - pages.length).fill(0)]),
        [rows.length, width],
      ),
    };
    const batch = {
      tokens: i32(rows.flatMap(({ tokens }) => tokens)),
      positions: i32(rows.flatMap(({ tokens, start }) => tokens.map((_, i) => start + i))),
      starts: i32(starts),
    };
    // A forward without any rows is still run: its keys and values are what counts.
    const wanted = ends.length > 0 ? ends : [0];
    return this.kv.during(step, () => this.#model.call(batch, this.kv, i32(wanted.map((i) => starts[i + 1] - 1))));
  }

  #slot(pages: readonly number[], position: number): number {
    return pages[Math.floor(position / this.#pageSize)] * this.#pageSize + (position % this.#pageSize);
  }
}
