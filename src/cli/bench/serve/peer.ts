/**
 * The same requests for us and for llama.cpp by node-llama-cpp: one model of random weights, as a folder that we serve in int8, and as
 * a GGUF file in q8_0. We answer over HTTP, the peer in its own process; each has all cores and 16 sequences at once.
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { type LoadRun, type MetricsOptions, metricsOf } from "../../../load/index.ts";
import { root } from "../../scripts.ts";
import type { Progress } from "../measure.ts";
import { printed } from "./child.ts";
import type { Load, Measured } from "./measure.ts";
import type { BenchModel } from "./model.ts";

/** Sequences that each side runs at once. */
export const SEQUENCES = 16;
/** Most tokens of an answer while settings are tried. */
const TRIED = 24;
/** What a context's length is a multiple of in llama.cpp. */
const STEP = 256;

/** How llama.cpp is run. */
interface Settings {
  readonly batchSize: number;
  readonly flashAttention: boolean;
  /** Which prompts a step takes tokens of: those that came first, or of all some. */
  readonly strategy: "firstInFirstOut" | "maximumParallelism";
}

/** Ways to run it: the quickest is what we compare with. */
const candidates: readonly Settings[] = [
  { batchSize: 512, flashAttention: true, strategy: "firstInFirstOut" },
  { batchSize: 2048, flashAttention: true, strategy: "firstInFirstOut" },
  { batchSize: 2048, flashAttention: true, strategy: "maximumParallelism" },
  { batchSize: 512, flashAttention: false, strategy: "firstInFirstOut" },
  { batchSize: 2048, flashAttention: false, strategy: "maximumParallelism" },
];

/** llama.cpp with the settings that suit it best. */
export class Peer {
  readonly #model: BenchModel;
  readonly #signal: AbortSignal;
  #settings: Settings | undefined;

  constructor(model: BenchModel, signal: AbortSignal) {
    this.#model = model;
    this.#signal = signal;
  }

  /** Runs a load. The first time, it is tried in each way on a part of it before. */
  async measure(load: Load, options: MetricsOptions, progress: Progress): Promise<Measured> {
    this.#settings ??= await this.#quickest(load, progress);
    progress("running");
    const run = await this.#run(load, this.#settings);
    const { batchSize, flashAttention, strategy } = this.#settings;
    const how = `batches of ${batchSize}, ${flashAttention ? "with" : "without"} flash attention, ${strategy}`;
    const metrics = metricsOf(run, options);
    return { url: how, model: "llama-100m in q8_0", prompts: "token ids", metrics, stopped: this.#signal.aborted };
  }

  async #quickest({ asks }: Load, progress: Progress): Promise<Settings> {
    const part = { asks: asks.slice(0, SEQUENCES).map((each) => ({ ...each, output: Math.min(each.output, TRIED) })) };
    let [best, least] = [candidates[0], Infinity];
    /** Milliseconds that the best took, with its start. */
    let whole = Infinity;
    for (const [i, settings] of candidates.entries()) {
      progress(`which settings suit it best, ${i + 1} of ${candidates.length}`);
      const start = performance.now();
      // One that takes twice as long as the best is not waited for.
      const late = Number.isFinite(whole) ? AbortSignal.timeout(Math.ceil(2 * whole)) : undefined;
      const run = await this.#run(part, settings, late).catch((error: unknown) => {
        if (!late?.aborted || this.#signal.aborted) throw error;
      });
      if (!run || run.duration >= least) continue;
      [best, least, whole] = [settings, run.duration, performance.now() - start];
    }
    return best;
  }

  async #run({ asks, times, concurrency }: Load, settings: Settings, late?: AbortSignal): Promise<LoadRun> {
    const longest = asks.reduce((most, { prompt, output }) => Math.max(most, prompt.length + output), 0);
    const input = JSON.stringify({
      file: this.#model.gguf,
      sequences: SEQUENCES,
      positions: STEP * Math.ceil(longest / STEP),
      threads: availableParallelism(),
      ...settings,
      ...{ asks, times, concurrency },
    });
    const text = await printed(
      [join(root, "bench/peers/llama_serve.mjs")],
      input,
      late ? AbortSignal.any([this.#signal, late]) : this.#signal,
    );
    return JSON.parse(text.trim().split("\n").at(-1) ?? "") as LoadRun;
  }
}
