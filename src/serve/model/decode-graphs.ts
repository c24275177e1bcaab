/**
 * Steps in which every sequence decodes, captured as graphs: a token of a small model is some hundred small kernels, and a replay
 * launches them with one command. A graph has one number of sequences, so there is one for each power of two, and rows that a step
 * does not fill are padding: they write into a page that no sequence has, and nobody reads what they give (vLLM's CUDA graphs,
 * SGLang's). Tables, lengths and slots are read from the graph's input anew in each replay, so that none is stale.
 */
import type { LanguageModel, PagedKv } from "../../models/index.ts";
import type { Captured, Tensor, TensorDevice } from "../../tensor/index.ts";
import type { Row } from "../engine/runner.ts";

/** What graphs are made of. */
export interface DecodeGraphsOptions {
  readonly model: LanguageModel;
  readonly kv: PagedKv;
  readonly pageSize: number;
  /** A page of `kv` that no sequence ever has. */
  readonly spare: number;
  /** Most sequences of a captured step; those of more are launched kernel by kernel. */
  readonly most: number;
}

/** Pages of a table up to which one width does for all steps: a copy of so many numbers costs nothing. */
const WIDTH = 256;
/** Numbers of a row's input before its table: token, position, slot, length. */
const HEAD = 4;

interface Bucket {
  readonly sequences: number;
  readonly width: number;
  readonly input: Tensor;
  readonly starts: Tensor;
  readonly last: Tensor;
  readonly graph: Captured<Tensor>;
}

/** Graphs of one model over one pool of pages, captured when they are needed first. */
export class DecodeGraphs {
  readonly #options: DecodeGraphsOptions;
  readonly #device: TensorDevice;
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: DecodeGraphsOptions) {
    this.#options = options;
    this.#device = options.model.device;
  }

  /** How many were captured so far. */
  get captured(): number {
    return this.#buckets.size;
  }

  /** Whether a step can be replayed: each of its sequences decodes one token, and they are few enough. */
  fits(rows: readonly Row[]): boolean {
    return (
      rows.length <= this.#options.most &&
      rows.every(({ tokens, draws, scores }) => tokens.length === 1 && draws.length > 0 && !scores)
    );
  }

  /** @returns logits, f32 [at least as many as rows, vocabulary], of the rows in their order; the next run overwrites them. */
  run(rows: readonly Row[]): Tensor {
    const { model, pageSize } = this.#options;
    const pages = rows.reduce((most, { pages: { length } }) => Math.max(most, length), 0);
    const bucket = this.#bucket(
      powerFrom(rows.length),
      tableWidth(model.config.maxPositions, pageSize, pages * pageSize),
    );
    using told = this.#device.unscoped(() => this.#device.from(this.#values(bucket, rows), bucket.input.shape, "i32"));
    bucket.input.copy_(told);
    bucket.graph.replay();
    return bucket.graph.output;
  }

  /** Frees all graphs. */
  dispose(): void {
    for (const { graph, input, starts, last } of this.#buckets.values()) {
      graph.release();
      for (const tensor of [input, starts, last]) tensor.dispose();
    }
    this.#buckets.clear();
  }

  /** The input of a step: by rows of numbers, first all tokens, then all positions, slots and lengths, then the tables. */
  #values({ sequences, width }: Bucket, rows: readonly Row[]): number[] {
    const { pageSize, spare } = this.#options;
    const values = Array<number>(sequences * (HEAD + width)).fill(0);
    for (let i = 0; i < sequences; i++) {
      const row = rows[i];
      const table = HEAD * sequences + i * width;
      const [token, start, pages] = row ? [row.tokens[0], row.start, row.pages] : [0, 0, [spare]];
      const slot = pages[Math.floor(start / pageSize)] * pageSize + (start % pageSize);
      for (const [at, value] of [token, start, slot, start + 1].entries()) values[at * sequences + i] = value;
      for (const [at, page] of pages.entries()) values[table + at] = page;
    }
    return values;
  }

  #bucket(sequences: number, width: number): Bucket {
    const key = `${sequences} ${width}`;
    let bucket = this.#buckets.get(key);
    if (!bucket) {
      bucket = this.#device.unscoped(() => this.#device.noGrad(() => this.#capture(sequences, width)));
      this.#buckets.set(key, bucket);
    }
    return bucket;
  }

  #capture(sequences: number, width: number): Bucket {
    const { model, kv } = this.#options;
    const device = this.#device;
    const input = device.zeros([sequences * (HEAD + width)], "i32");
    const starts = device.arange(sequences + 1, "i32");
    const last = device.arange(sequences, "i32");
    const part = (from: number, length: number): Tensor =>
      input.slice(0, from * sequences, (from + length) * sequences);
    const graph = device.capture(() => {
      const [tokens, positions, slots, lengths] = [0, 1, 2, 3].map((i) => part(i, 1));
      const tables = part(HEAD, width).reshape([sequences, width]);
      const batch = { tokens, positions, starts };
      return kv.during({ slots, lengths, tables }, () => model.leave(model.stream(batch, kv), last));
    });
    return { sequences, width, input, starts, last, graph };
  }
}

/** Pages of a graph's tables where the longest sequence has so many tokens: few widths, so that there are few graphs. */
export function tableWidth(positions: number, pageSize: number, tokens: number): number {
  return Math.min(Math.ceil(positions / pageSize), Math.max(WIDTH, powerFrom(Math.ceil(tokens / pageSize))));
}

/** The smallest power of two that is not below a number from 1. */
function powerFrom(count: number): number {
  return 2 ** Math.ceil(Math.log2(count));
}
