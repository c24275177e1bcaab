/**
 * Steps of a small decoder under a layout, from the newest checkpoint on: weights, moments, and where the loader stands. What
 * is trained after the save is lost, as with a job that fails.
 */
import { AdamW, choice, defineScript, number, string } from "worldsize";
import { Loader, type LoaderState, packSamples, type Sample } from "worldsize/data";
import { exportModel, ShardedCheckpoints } from "worldsize/files";
import { llamaShape } from "worldsize/models";
import { ParallelDecoder, parseLayout } from "worldsize/parallel";

/** An epoch. Steps take samples up to a number of tokens, so they have from one to seven. */
const [COUNT, TOKENS] = [17, 40];

function sampleOf(index: number): Sample {
  const ids = Array.from({ length: 5 + (index % 6) }, (_, i) => (index * 5 + i * (1 + (index % 4))) % 23);
  return { ids, weights: ids.map((_, i) => (i === 0 || (index + i) % 7 === 0 ? 0 : 1)) };
}

export default defineScript({
  about: "Trains a small decoder under a layout, from where another one left off.",
  options: {
    layout: string("dp1", "layout"),
    steps: number(2, "up to which is trained"),
    saved: number(0, "the step that is saved; 0 for none"),
    micro: number(2, "micro-batches of a step"),
    tied: choice("yes", ["no", "yes"] as const, "whether the head is the embedding"),
    most: number(0, "the norm that gradients are clipped to; 0: they are not"),
    folder: string("", "of the checkpoints"),
    out: string("", "where the model goes"),
  },
  async main({ world, device, options, show }) {
    const { steps, saved, micro, most, folder, out } = options;
    const config = llamaShape({
      ...{ vocabularySize: 23, width: 16, layers: 4, heads: 4, kvHeads: 2, headDim: 4, ffnWidth: 20, maxPositions: 32 },
      ...{ initializerRange: 0.1, tied: options.tied === "yes" },
    });
    const parallel = await ParallelDecoder.create(world, device, config, parseLayout(options.layout), { init: 3 });
    const { model } = parallel;
    const optimizer = new AdamW(model.parameters(), { lr: 0.01 });
    const checkpoints = await ShardedCheckpoints.open(world, folder);
    const latest = await checkpoints.latest();
    const found = latest && (await checkpoints.restore(latest, { model, optimizer }));
    const samples = {
      count: COUNT,
      get: (index: number): Sample & { index: number } => ({ ...sampleOf(index), index }),
    };
    const state = found?.state.loader as unknown as LoaderState | undefined;
    const loader = new Loader(samples, { seed: 11, tokensPerStep: TOKENS }, state);
    for (let step = found?.step ?? 0; step < steps; step++) {
      const all = loader.next() as (Sample & { index: number })[];
      const { epoch } = loader.state;
      const count = packSamples(all).weight;
      const share = parallel.shareOf(all);
      const batches = Array.from({ length: micro }, (_, m) => packSamples(share.filter((_, i) => i % micro === m)));
      const loss = await parallel.synchronize(await parallel.run(batches, count));
      const clipped = most > 0 ? device.unscoped(() => parallel.gradientNorm(most)) : undefined;
      optimizer.step({ factor: clipped?.factor });
      optimizer.zeroGrad();
      clipped?.norm.dispose();
      clipped?.factor.dispose();
      // Ranks along cp, tp and pp have the same samples: the first of them names them.
      const isFirst =
        parallel.mesh.coordinate("cp") + parallel.mesh.coordinate("tp") + parallel.mesh.coordinate("pp") === 0;
      show.row({ step, epoch, loss, samples: isFirst ? share.map(({ index }) => index).join() : "" });
      if (step + 1 === saved) {
        await checkpoints.save(
          saved,
          { model, optimizer, state: { loader: { ...loader.state } }, config },
          { config: {} },
        );
      }
    }
    if (out !== "") await exportModel(world, out, { model, config });
    await device.synchronize();
    await world.barrier();
  },
});
