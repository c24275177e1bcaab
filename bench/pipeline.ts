/**
 * The ranks' side of `worldsize bench pipeline`: a step of micro-batches through stages, or on one rank alone. All of it is
 * computed: the same model, the same micro-batches.
 */
import { defineScript, number, string } from "worldsize";
import { llamaShape } from "worldsize/models";
import { type HostBatch, ParallelDecoder, parseLayout, schedules, timeOf } from "worldsize/parallel";

const VOCABULARY = 512;

export default defineScript({
  about: "Times steps under a layout.",
  ranks: 2,
  options: {
    layout: string("pp2", "how the model is laid out"),
    micro: number(8, "micro-batches of a step"),
    tokens: number(192, "tokens of each"),
    width: number(384, "width of the model"),
    layers: number(8, "blocks"),
    rounds: number(2, "steps after one that does not count; the best counts"),
  },
  async main({ world, device, options, show, now }) {
    const { micro, tokens, width, layers, rounds } = options;
    const config = llamaShape({
      ...{ vocabularySize: VOCABULARY, width, layers, heads: 4, kvHeads: 4, headDim: width / 4, ffnWidth: 3 * width },
      ...{ maxPositions: tokens, initializerRange: 0.02, tied: false },
    });
    const layout = parseLayout(options.layout);
    const parallel = await ParallelDecoder.create(world, device, config, layout);
    const batches = Array.from({ length: micro }, (_, m): HostBatch => {
      const words = Int32Array.from({ length: tokens + 1 }, (__, i) => (i * (m + 3)) % VOCABULARY);
      return {
        tokens: words.slice(0, -1),
        targets: words.slice(1),
        weights: new Float32Array(tokens).fill(1),
        positions: Int32Array.from({ length: tokens }, (__, i) => i),
        starts: Int32Array.of(0, tokens),
      };
    });
    let best = Infinity;
    for (let round = 0; round <= rounds; round++) {
      parallel.model.zeroGrad();
      await device.synchronize();
      await world.barrier();
      const start = now();
      await parallel.synchronize(await parallel.run(batches, micro * tokens));
      await device.synchronize();
      const took = Math.max(...(await world.allGatherObject(now() - start)));
      if (round > 0) best = Math.min(best, took);
    }
    const { bubble } = timeOf(schedules[layout.schedule]({ ranks: layout.pp, microBatches: micro }));
    if (world.rank === 0) show.row({ milliseconds: best, share: 1 / (layout.pp * (1 - bubble)) });
  },
});
