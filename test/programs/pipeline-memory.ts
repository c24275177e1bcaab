/**
 * What a pipeline's ranks keep: activations of a run, at most and at its end, beside what one micro-batch alone keeps of each
 * stage and takes in passing.
 */
import { choice, crossEntropy, defineScript, initialize, number, string, type Tensor, tapeOf } from "worldsize";
import { Decoder, llamaShape } from "worldsize/models";
import { DecoderStages, layersOfStages, PipelineRun, peakOf, schedules } from "worldsize/parallel";

const tokens = 6;

export default defineScript({
  about: "Memory of activations under each schedule.",
  options: {
    micro: string("1 2 3 4 5 7", "numbers of micro-batches"),
    layers: number(6, "of the model"),
    wrong: choice("no", ["no", "kept"] as const, "whether a result of the first micro-batch is kept for good"),
  },
  async main({ world, device, options, show }) {
    const config = llamaShape({
      ...{ vocabularySize: 29, width: 16, layers: options.layers, heads: 2, kvHeads: 1, headDim: 8, ffnWidth: 24 },
      ...{ maxPositions: 32, initializerRange: 0.08 },
    });
    const i32 = (values: readonly number[]): Tensor => device.tensor([...values], "i32");
    const text = [3, 1, 4, 1, 5, 9, 2];
    const activations = () => device.memoryStats().byTag.activations ?? { current: 0, peak: 0 };
    for (const [name, make] of Object.entries(schedules)) {
      const { stages: count } = make({ ranks: world.size, microBatches: 1 });
      const ranges = layersOfStages(options.layers, count);
      const own = [
        ...new Set(make({ ranks: world.size, microBatches: 1 }).ranks[world.rank].map(({ stage }) => stage)),
      ];
      const stages = new DecoderStages(new Decoder(device, config, { meta: true }), ranges, own);
      initialize(stages, 5);
      let isHoarding = false;
      /** Everything that a forward leaves counts as activations: tokens and the loss, too. */
      const forward = (stage: number, x: Tensor | undefined): Tensor =>
        device.withTag("activations", () => {
          const batch = {
            tokens: i32(text.slice(0, -1)),
            positions: i32([0, 1, 2, 3, 4, 5]),
            starts: i32([0, tokens]),
          };
          const y = stages.call(stage, batch, x);
          if (isHoarding) device.unscoped(() => y.detach());
          isHoarding = false;
          return stage + 1 === count ? crossEntropy(y, i32(text.slice(1))).sum : y;
        });
      /** One micro-batch at one stage, and nothing else: what it keeps after forward and after half of backward. */
      const alone = (stage: number): { stage: number; whole: number; half: number; passing: number; input: number } => {
        const begin = activations().current;
        const x = stage > 0 ? device.withTag("activations", () => device.ones([tokens, config.width])) : undefined;
        x?.requiresGrad_();
        const input = activations().current - begin;
        device.resetPeakMemory();
        const y = device.scope(() => forward(stage, x));
        const { current, peak } = activations();
        const dy = stage + 1 < count ? device.ones([tokens, config.width]) : undefined;
        const weights = tapeOf(device).deferWeights(() => y.backward(dy));
        const half = activations().current - begin;
        weights.run();
        dy?.dispose();
        y.dispose();
        x?.dispose();
        const left = activations().current - begin;
        if (left !== 0) throw new Error(`Stage ${stage} alone leaves ${left} bytes.`);
        return { stage, whole: current - begin, half, passing: peak - current, input };
      };
      const each = own.map(alone);
      stages.zeroGrad();
      for (const microBatches of options.micro.split(" ").map(Number)) {
        const schedule = make({ ranks: world.size, microBatches });
        isHoarding = options.wrong === "kept";
        const before = device.memoryStats();
        device.resetPeakMemory();
        const run = new PipelineRun(world, device, schedule, {
          shapeOf: () => [tokens, config.width],
          forward: (stage, _, x) => forward(stage, x),
        });
        await run.run();
        const peak = activations().peak - (before.byTag.activations?.current ?? 0);
        stages.zeroGrad();
        const left = device.memoryStats().allocated.current - before.allocated.current;
        const kept = peakOf(schedule.ranks[world.rank]);
        show.row({ name, microBatches, kept, peak, left, each: JSON.stringify(each) });
      }
      stages.dispose();
    }
  },
});
