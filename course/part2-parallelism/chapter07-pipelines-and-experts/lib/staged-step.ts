// A real step for pipelines: a small decoder on the generator's stories, one story for each micro-batch, cut into stages by any
// schedule; and the same step on one rank, to hold every gradient against.
import { type Context, crossEntropy, initialize, type Tensor, tapeOf } from "worldsize";
import { documentSamples, documentTexts, packSamples, type Sample } from "worldsize/data";
import { Decoder, type DecoderConfig, llamaShape, modelSpecialTokens, trainTokenizer } from "worldsize/models";
import { type Action, DecoderStages, layersOfStages, PipelineRun, type Schedule } from "worldsize/parallel";

/** What a run of a schedule came to, on one rank. */
export interface StagedRun {
  /** Most micro-batches of a stage that were kept at a time. */
  readonly peak: number;
  /** Largest difference of a gradient from one rank's, as a share of that parameter's largest; 0 for the same bits. */
  readonly gap: number;
}

/** Form of the model, and of its step. */
export interface StagedForm {
  readonly layers: number;
  readonly microBatches: number;
  readonly width: number;
  /** Most tokens of a story. */
  readonly tokens: number;
}

/** First weights are drawn by name from this. */
const INIT = 7;

/** One step of one model, to be run by as many schedules as one likes. */
export class StagedStep {
  readonly #context: Pick<Context, "world" | "device">;
  readonly #config: DecoderConfig;
  readonly #samples: readonly Sample[];
  /** All predictions of the step: what the sum of losses is divided by. */
  readonly #count: number;
  /** One rank's gradients, by name. */
  readonly #wanted = new Map<string, ArrayLike<number>>();

  /** All ranks make the same step. */
  constructor(context: Pick<Context, "world" | "device">, { layers, microBatches, width, tokens }: StagedForm) {
    const tokenizer = trainTokenizer({
      documents: documentTexts(0, 1),
      vocabularySize: 262, // 256 bytes and six special tokens: nothing to learn
      specialTokens: modelSpecialTokens,
      pattern: "qwen2",
    });
    const id = (name: string): number => tokenizer.specialId(`<|${name}|>`);
    const encoder = {
      encode: (text: string) => tokenizer.encode(text),
      ...{ bos: id("bos"), eos: id("eos"), user: id("user"), assistant: id("assistant") },
    };
    // Stories are cut at other lengths, so that micro-batches have other numbers of tokens.
    const all = documentSamples(encoder, { seed: 0, longest: tokens + 1 });
    this.#samples = Array.from({ length: microBatches }, (_, m) => shortened(all.get(m), tokens - (m % 4)));
    this.#count = packSamples(this.#samples).weight;
    this.#context = context;
    const { vocabularySize } = tokenizer;
    const shape = { vocabularySize, layers, width, heads: 2, ffnWidth: 2 * width, maxPositions: tokens, tied: false };
    this.#config = llamaShape({ ...shape, initializerRange: 0.08 });
  }

  /** Rank 0 takes the step alone, and tells all ranks its gradients. All of them call it once. */
  async takeAlone(): Promise<void> {
    const { world, device } = this.#context;
    const whole = new Decoder(device, this.#config, world.rank === 0 ? {} : { meta: true });
    if (world.rank === 0) {
      initialize(whole, INIT);
      for (let m = 0; m < this.#samples.length; m++) {
        device.scope(() => {
          const { batch } = this.#given(m);
          this.#lossOf(whole.call(batch), m).backward();
          return undefined;
        });
      }
    }
    for (const [name, parameter] of whole.namedParameters()) {
      const gradient = parameter.grad ?? device.empty(parameter.shape);
      await world.broadcast(gradient, 0);
      this.#wanted.set(name, await gradient.data());
      if (!parameter.grad) gradient.dispose();
    }
    whole.zeroGrad();
    whole.dispose();
  }

  /** Runs a schedule; all ranks call it. @param pace as of `StageWork`. */
  async run(schedule: Schedule, pace?: (action: Action) => Promise<void>): Promise<StagedRun> {
    const { world, device } = this.#context;
    const own = [...new Set(schedule.ranks[world.rank].map(({ stage }) => stage))];
    const ranges = layersOfStages(this.#config.layers, schedule.stages);
    const stages = new DecoderStages(new Decoder(device, this.#config, { meta: true }), ranges, own);
    initialize(stages, INIT);
    const run = new PipelineRun(world, device, schedule, {
      shapeOf: (m) => [packSamples([this.#samples[m]]).tokens.length, this.#config.width],
      forward: (stage, m, x) => {
        const y = stages.call(stage, this.#given(m).batch, x);
        return stage + 1 === schedule.stages ? this.#lossOf(y, m) : y;
      },
      pace,
    });
    await run.run();
    let gap = 0;
    for (const [name, { grad }] of stages.namedParameters()) {
      const right = this.#wanted.get(name);
      if (!grad || !right) throw new Error(`${name} has no gradient.`);
      gap = Math.max(gap, gapOf(await grad.data(), right));
    }
    stages.zeroGrad();
    stages.dispose();
    return { peak: run.peak, gap };
  }

  /** Milliseconds of so many layers on this machine: forward, and each half of backward. The middle of several rounds. */
  async measure(layers: number, rounds: number): Promise<{ F: number; I: number; W: number }> {
    const { device } = this.#context;
    // A stage in the middle: it has layers only.
    const ranges = [[0, 0], [0, layers], [layers, layers]] as const; // biome-ignore format: three stages
    const stage = new DecoderStages(new Decoder(device, this.#config, { meta: true }), ranges, [1]);
    initialize(stage, INIT);
    const { batch } = this.#given(0);
    const rows = batch.tokens.shape[0];
    const found: { F: number; I: number; W: number }[] = [];
    for (let round = -1; round < rounds; round++) {
      const x = device.randn([rows, this.#config.width], { seed: 1 }).requiresGrad_();
      const dy = device.randn(x.shape, { seed: 2 });
      await device.synchronize();
      const begin = performance.now();
      const y = device.scope(() => stage.call(1, batch, x));
      await device.synchronize();
      const computed = performance.now();
      const weights = tapeOf(device).deferWeights(() => y.backward(dy));
      await device.synchronize();
      const back = performance.now();
      weights.run();
      await device.synchronize();
      if (round >= 0) found.push({ F: computed - begin, I: back - computed, W: performance.now() - back });
      weights.dispose();
      x.grad = null;
      for (const tensor of [x, y, dy]) tensor.dispose();
    }
    stage.zeroGrad();
    stage.dispose();
    const middle = (of: (each: { F: number; I: number; W: number }) => number): number =>
      found.map(of).sort((a, b) => a - b)[Math.floor(found.length / 2)];
    return { F: middle(({ F }) => F), I: middle(({ I }) => I), W: middle(({ W }) => W) };
  }

  #given(m: number) {
    const { device } = this.#context;
    const { tokens, positions, starts } = packSamples([this.#samples[m]]);
    const i32 = (values: Int32Array): Tensor => device.from(values, [values.length], "i32");
    return { batch: { tokens: i32(tokens), positions: i32(positions), starts: i32(starts) } };
  }

  #lossOf(logits: Tensor, m: number): Tensor {
    const { device } = this.#context;
    const { targets, weights } = packSamples([this.#samples[m]]);
    const weight = device.from(weights, [weights.length]);
    const target = device.from(targets, [targets.length], "i32");
    return crossEntropy(logits, target, { weight }).sum.mul(1 / this.#count);
  }
}

/** A story's first tokens, and what is to be predicted of them. */
function shortened({ ids, weights }: Sample, tokens: number): Sample {
  return { ids: ids.slice(0, tokens + 1), weights: weights.slice(0, tokens + 1) };
}

/** The largest difference, as a share of the largest right number. */
function gapOf(got: ArrayLike<number>, right: ArrayLike<number>): number {
  let [gap, size] = [0, 0];
  for (let i = 0; i < right.length; i++) {
    gap = Math.max(gap, Math.abs(got[i] - right[i]));
    size = Math.max(size, Math.abs(right[i]));
  }
  return got.length === right.length ? gap / (size || 1) : Infinity;
}
