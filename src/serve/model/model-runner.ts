/** Runs a model's steps over pages: all new tokens of all sequences in one forward, then a draw for each that asks for one. */
import { type KvDType, type LanguageModel, PagedKv } from "../../models/index.ts";
import type { Tensor, TensorDevice } from "../../tensor/index.ts";
import type { Sampled } from "../engine/request.ts";
import type { PageMemory, Row, Runner, StepBatch } from "../engine/runner.ts";
import { logprobsOf, sample } from "../sampling/sample.ts";
import { DecodeGraphs } from "./decode-graphs.ts";

/** Most tokens whose logits are there at a time. */
const LOGITS = 128;

/** A token whose logits are wanted, and what becomes of them. */
interface Wanted {
  readonly row: number;
  /** Of the row's. */
  readonly token: number;
  readonly of: (logits: Float32Array) => readonly Sampled[];
}

function wantedBy({ tokens, draws, scores }: Row, row: number): Wanted[] {
  const wanted: Wanted[] = [];
  for (const [i, token] of (scores?.tokens ?? []).entries())
    wanted.push({
      row,
      token: (scores?.from ?? 0) + i,
      of: (logits) => [{ token, ...logprobsOf(logits, token, scores?.top ?? 0) }],
    });
  if (draws.length > 0)
    wanted.push({ row, token: tokens.length - 1, of: (logits) => draws.map((draw) => sample(logits, draw)) });
  return wanted;
}

/** What is kept, and how. */
export interface ModelRunnerOptions {
  /** Of keys and values; f32 if not given. */
  readonly kvDType?: KvDType;
  /** Most sequences of a step that is replayed as a graph when all of them decode; 0, for none, if not given. */
  readonly graphs?: number;
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
  readonly #graphs: DecodeGraphs | undefined;

  /** @param pages and @param pageSize as of the engine's pool. @throws OutOfMemoryError. */
  constructor(model: LanguageModel, pages: number, pageSize: number, { kvDType, graphs = 0 }: ModelRunnerOptions = {}) {
    const { device, config } = model;
    this.positions = config.maxPositions;
    this.vocabularySize = config.vocabularySize;
    // Graphs have a page more, into which what only fills them up is written.
    this.kv = new PagedKv(device, config, graphs > 0 ? pages + 1 : pages, pageSize, kvDType);
    this.#graphs =
      graphs > 0 ? new DecodeGraphs({ model, kv: this.kv, pageSize, spare: pages, most: graphs }) : undefined;
    this.#model = model;
    this.#device = device;
    this.#pageSize = pageSize;
  }

  /** Its pages. */
  get memory(): PageMemory {
    return this.kv;
  }

  async run(batch: StepBatch): Promise<Sampled[][]> {
    if (this.#graphs?.fits(batch.rows)) return this.#replay(batch, this.#graphs);
    const wanted = batch.rows.flatMap((row, i) => wantedBy(row, i));
    const given: Sampled[][] = batch.rows.map(() => []);
    const starts = [0];
    for (const { tokens } of batch.rows) starts.push(starts[starts.length - 1] + tokens.length);
    const stream = this.#device.noGrad(() => this.#device.scope(() => this.#forward(batch, starts)));
    try {
      // A long prompt that is scored must not take its tokens times the vocabulary of memory at once.
      for (let at = 0; at < wanted.length; at += LOGITS) {
        const slice = wanted.slice(at, at + LOGITS);
        const rows = slice.map(({ row, token }) => starts[row] + token);
        const scores = await this.#logits(stream, rows);
        for (const [i, { row, of }] of slice.entries())
          given[row].push(...of(scores.subarray(i * this.vocabularySize, (i + 1) * this.vocabularySize)));
      }
      if (wanted.length === 0) await this.#device.synchronize();
    } finally {
      stream.dispose();
    }
    return given;
  }

  /** Frees its pages and graphs; the model is its owner's. */
  dispose(): void {
    this.#graphs?.dispose();
    this.kv.dispose();
  }

  /** A step in which all decode, as a graph. */
  async #replay({ copies, rows }: StepBatch, graphs: DecodeGraphs): Promise<Sampled[][]> {
    const size = this.vocabularySize;
    this.#device.noGrad(() =>
      this.#device.scope(() => {
        this.#copy(copies);
        return undefined;
      }),
    );
    const logits = graphs.run(rows);
    const values = (await logits.data()) as Float32Array;
    return rows.map(({ draws }, i) => draws.map((draw) => sample(values.subarray(i * size, (i + 1) * size), draw)));
  }

  async #logits(stream: Tensor, rows: readonly number[]): Promise<Float32Array> {
    const device = this.#device;
    const logits = device.noGrad(() =>
      device.scope(() => this.#model.leave(stream, device.from(rows, [rows.length], "i32"))),
    );
    const values = (await logits.data()) as Float32Array;
    logits.dispose();
    return values;
  }

  /** @param starts of each row, and the end of the last. @returns what the last layer leaves, f32 [tokens, width]. */
  #forward({ copies, rows }: StepBatch, starts: readonly number[]): Tensor {
    const device = this.#device;
    const i32 = (values: readonly number[], shape: readonly number[] = [values.length]): Tensor =>
      device.from([...values], [...shape], "i32");
    this.#copy(copies);
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
    return this.kv.during(step, () => this.#model.stream(batch, this.kv));
  }

  #copy(copies: StepBatch["copies"]): void {
    if (copies.length === 0) return;
    const [from, to] = [0, 1].map((i) =>
      this.#device.from(
        copies.map((pair) => pair[i]),
        [copies.length],
        "i32",
      ),
    );
    this.kv.copyPages(from, to);
  }

  #slot(pages: readonly number[], position: number): number {
    return pages[Math.floor(position / this.#pageSize)] * this.#pageSize + (position % this.#pageSize);
  }
}
