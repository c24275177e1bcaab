/**
 * A small decoder cut into stages, beside the same one that this rank trains alone: gradients of each parameter that a rank
 * has, in each step, and whether anything stays alive.
 */
import { choice, crossEntropy, defineScript, initialize, number, type Tensor } from "worldsize";
import { type Batch, Decoder, llamaShape } from "worldsize/models";
import {
  DecoderStages,
  layersOfStages,
  PipelineRun,
  peakOf,
  schedules,
  stageRanks,
  TiedEmbedding,
} from "worldsize/parallel";

/** A sequence for each micro-batch, of another length each, that counts up by another step. */
function textOf(step: number, which: number): number[] {
  return Array.from({ length: 4 + ((which * 5) % 7) }, (_, i) => (step + i * (which + 1)) % 29);
}

export default defineScript({
  about: "Compares a pipeline with one rank.",
  options: {
    schedule: choice("1f1b", ["gpipe", "1f1b", "interleaved", "zb-h1", "zb-v"] as const, "which"),
    micro: number(4, "micro-batches of a step"),
    chunks: number(2, "stages of a rank, where they are interleaved"),
    layers: number(16, "of the model"),
    tied: choice("no", ["no", "yes"] as const, "whether the head is the embedding"),
  },
  async main({ world, device, options, show }) {
    const { micro: microBatches, chunks, layers } = options;
    const config = llamaShape({
      ...{ vocabularySize: 29, width: 16, layers, heads: 2, kvHeads: 1, headDim: 8, ffnWidth: 24 },
      ...{ maxPositions: 32, initializerRange: 0.08, tied: options.tied === "yes" },
    });
    const schedule = schedules[options.schedule]({ ranks: world.size, chunks, microBatches });
    const alone = new Decoder(device, config);
    initialize(alone, 5);
    const own = [...new Set(schedule.ranks[world.rank].map(({ stage }) => stage))];
    const ranges = layersOfStages(layers, schedule.stages);
    const stages = new DecoderStages(new Decoder(device, config, { meta: true }), ranges, own);
    initialize(stages, 5);
    const tied = await TiedEmbedding.join(stages, world, stageRanks(schedule));
    /** Leaves NaN in memory that is free, so that nothing may be read there before it is written. */
    const poison = (): void => {
      device.scope(() => {
        for (const size of [64, 256, 1024, 4096]) for (let i = 0; i < 6; i++) device.full([size], Number.NaN);
        return undefined;
      });
    };

    const i32 = (values: readonly number[]): Tensor => device.tensor([...values], "i32");
    const batchOf = (text: readonly number[]): { batch: Batch; targets: Tensor } => ({
      batch: {
        tokens: i32(text.slice(0, -1)),
        positions: i32([...Array(text.length - 1).keys()]),
        starts: i32([0, text.length - 1]),
      },
      targets: i32(text.slice(1)),
    });
    const lossOf = (logits: Tensor, targets: Tensor, count: number): Tensor =>
      crossEntropy(logits, targets).sum.mul(1 / count);
    for (const step of [0, 1]) {
      const texts = Array.from({ length: microBatches }, (_, which) => textOf(step, which));
      const count = texts.reduce((sum, text) => sum + text.length - 1, 0);
      for (const text of texts) {
        device.scope(() => {
          const { batch, targets } = batchOf(text);
          lossOf(alone.call(batch), targets, count).backward();
          return undefined;
        });
      }
      poison();
      const before = device.memoryStats().allocated.current;
      const run = new PipelineRun(world, device, schedule, {
        shapeOf: (m) => [texts[m].length - 1, config.width],
        forward: (stage, m, x) => {
          const { batch, targets } = batchOf(texts[m]);
          const y = stages.call(stage, batch, x);
          return stage + 1 === schedule.stages ? lossOf(y, targets, count) : y;
        },
      });
      await run.run();
      const left = device.memoryStats().allocated.current - before;
      tied?.sum();
      const wanted = alone.namedParameters();
      let worst = 0;
      let gradients = 0;
      for (const [name, parameter] of stages.namedParameters()) {
        const [mine, right] = [parameter.grad, wanted.get(name)?.grad];
        if (!mine || !right) throw new Error(`${name} has no gradient.`);
        const [a, b] = [await mine.data(), await right.data()];
        let [off, size] = [0, 0];
        for (let i = 0; i < b.length; i++) {
          off = Math.max(off, Math.abs(a[i] - b[i]));
          size = Math.max(size, Math.abs(b[i]));
        }
        worst = Math.max(worst, off / size);
        gradients += Math.max(64, mine.storage.bytes); // the smallest block
      }
      for (const each of [stages, alone]) each.zeroGrad();
      const planned = peakOf(schedule.ranks[world.rank]);
      show.row({ step, worst, kept: run.peak, planned, left: left - gradients });
    }
  },
});
