/** What Prometheus reads, under vLLM's names with a prefix of choice, so that boards made for vLLM work. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { EngineLoop, Generation } from "../../serve/index.ts";

const FIRST = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560,
];
const BETWEEN = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80];
const WHOLE = [0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680];
const TOKENS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000];
const STEP = [1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384];

/** The measures of one served model. */
export class Metrics {
  readonly #registry = new Registry();

  /** @param prefix such as `worldsize:` or `vllm:`. */
  constructor(loop: EngineLoop, modelName: string, prefix: string) {
    const registers = [this.#registry];
    this.#registry.setDefaultLabels({ model_name: modelName, engine: "0" });
    const named = (name: string, help: string) => ({ name: prefix + name, help, registers });
    const { engine } = loop;
    const gauge = (name: string, help: string, read: () => number): void => {
      new Gauge({
        ...named(name, help),
        collect() {
          this.set(read());
        },
      });
    };
    const histogram = (name: string, help: string, buckets: number[]) =>
      new Histogram({ ...named(name, help), buckets });
    gauge("num_requests_running", "Sequences that run.", () => engine.running.length);
    gauge("num_requests_waiting", "Sequences that wait.", () => engine.waiting.length);
    gauge("kv_cache_usage_perc", "Share of pages that sequences hold, 0 to 1.", () => {
      const { free, idle, shared, own } = engine.pages;
      return (own + shared) / (free + idle + shared + own);
    });
    const sum = (name: string, help: string, read: () => number): void => {
      new Counter({
        ...named(name, help),
        collect() {
          this.reset();
          this.inc(read());
        },
      });
    };
    sum("kv_pages_saved_total", "Pages that went to a lower tier of memory.", () => engine.stats.savedPages);
    sum("kv_pages_loaded_total", "Pages that came back from one.", () => engine.stats.loadedPages);
    const promptTokens = new Counter(named("prompt_tokens_total", "Tokens of prompts that were run."));
    const generationTokens = new Counter(named("generation_tokens_total", "New tokens."));
    const queries = new Counter(named("prefix_cache_queries_total", "Tokens that the prefix cache was asked for."));
    const hits = new Counter(named("prefix_cache_hits_total", "Tokens that it had."));
    const preemptions = new Counter(named("num_preemptions_total", "Sequences that gave their pages back."));
    const success = new Counter({
      ...named("request_success_total", "Choices that ended."),
      labelNames: ["finished_reason"],
    });
    const step = histogram("iteration_tokens_total", "Tokens of a step.", STEP);
    const first = histogram("time_to_first_token_seconds", "From a request to its first token.", FIRST);
    const between = histogram("inter_token_latency_seconds", "From one token of a choice to its next.", BETWEEN);
    const whole = histogram("e2e_request_latency_seconds", "From a request to its end.", WHOLE);
    const queue = histogram("request_queue_time_seconds", "From a request to its first step.", WHOLE);
    const prefill = histogram("request_prefill_time_seconds", "From the first step to the first token.", WHOLE);
    const decode = histogram("request_decode_time_seconds", "From the first token to the end.", WHOLE);
    const inference = histogram("request_inference_time_seconds", "From the first step to the end.", WHOLE);
    const prompts = histogram("request_prompt_tokens", "Tokens of a prompt.", TOKENS);
    const answers = histogram("request_generation_tokens", "New tokens of a request.", TOKENS);
    const choices = histogram("request_params_n", "Choices of a request.", [1, 2, 5, 10, 20]);
    const seconds = (from: number | undefined, to: number | undefined): number =>
      Math.max(0, ((to ?? 0) - (from ?? to ?? 0)) / 1000);
    loop.watch({
      onStep: ({ prefill: run, decode: made, preempted }) => {
        promptTokens.inc(run);
        preemptions.inc(preempted);
        if (run + made > 0) step.observe(run + made);
      },
      onToken: (_, gap) => {
        generationTokens.inc();
        if (gap !== undefined) between.observe(gap / 1000);
      },
      onEnd: (generation: Generation) => {
        const { times, reasons, promptTokens: length, cachedTokens, completionTokens } = generation;
        for (const reason of reasons) success.inc({ finished_reason: reason });
        queries.inc(length);
        hits.inc(cachedTokens);
        prompts.observe(length);
        answers.observe(completionTokens);
        choices.observe(reasons.length);
        whole.observe(seconds(times.queued, times.finished));
        if (times.scheduled === undefined) return;
        queue.observe(seconds(times.queued, times.scheduled));
        inference.observe(seconds(times.scheduled, times.finished));
        if (times.first === undefined) return;
        first.observe(seconds(times.queued, times.first));
        prefill.observe(seconds(times.scheduled, times.first));
        decode.observe(seconds(times.first, times.finished));
      },
    });
  }

  /** Of the text. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All measures. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
