/**
 * Steps of a small decoder under any layout, from the newest checkpoint on if there is one: losses, then a checkpoint, and
 * the model as a plain folder.
 */
import { AdamW, boolean, defineScript, number, string } from "worldsize";
import { exportModel, ShardedCheckpoints } from "worldsize/files";
import { llamaShape } from "worldsize/models";
import { type HostBatch, ParallelDecoder, parseLayout } from "worldsize/parallel";

const dense = llamaShape({
  ...{ vocabularySize: 23, width: 16, layers: 2, heads: 4, kvHeads: 2, headDim: 4, ffnWidth: 20, maxPositions: 32 },
  ...{ initializerRange: 0.1, tied: true },
});

/** The same with four experts of which each token goes to two, and a head of its own, as Mixtral has it. */
const mixture = {
  ...dense,
  family: "mixtral",
  experts: 4,
  expertsPerToken: 2,
  normalizeTopK: true,
  tied: false,
} as const;

/** Samples of a step, one after the other. */
function batchOf(samples: readonly number[]): HostBatch {
  const texts = samples.map((sample) => Array.from({ length: 5 + (sample % 4) }, (_, i) => (sample * 5 + i * 3) % 23));
  const starts = [0];
  for (const { length } of texts) starts.push(starts[starts.length - 1] + length - 1);
  const tokens = Int32Array.from(texts.flatMap((text) => text.slice(0, -1)));
  return {
    tokens,
    targets: Int32Array.from(texts.flatMap((text) => text.slice(1))),
    weights: new Float32Array(tokens.length).fill(1),
    positions: Int32Array.from(texts.flatMap((text) => [...text.slice(1).keys()])),
    starts: Int32Array.from(starts),
  };
}

export default defineScript({
  about: "Trains a small decoder under a layout, from where a checkpoint left off.",
  options: {
    layout: string("dp1", "layout"),
    steps: number(2, "up to which is trained"),
    folder: string("", "of the checkpoints"),
    out: string("", "where the model goes"),
    experts: boolean(false, "whether it has experts"),
  },
  async main({ world, device, options, show }) {
    const { steps, folder, out } = options;
    const config = options.experts ? mixture : dense;
    const parallel = await ParallelDecoder.create(world, device, config, parseLayout(options.layout), { init: 3 });
    const { model } = parallel;
    const optimizer = new AdamW(model.parameters(), { lr: 0.01 });
    const checkpoints = await ShardedCheckpoints.open(world, folder);
    const latest = await checkpoints.latest();
    const found = latest && (await checkpoints.restore(latest, { model, optimizer }));
    for (let step = found?.step ?? 0; step < steps; step++) {
      const samples = Array.from({ length: 6 }, (_, i) => step * 6 + i);
      const { length } = batchOf(samples).tokens;
      const share = parallel.shareOf(samples);
      const halves = [0, 1].map((half) => batchOf(share.filter((_, i) => i % 2 === half)));
      const part = await parallel.run(halves, length);
      const loss = await parallel.synchronize(part);
      const { norm, factor } = device.unscoped(() => parallel.gradientNorm(1));
      optimizer.step({ factor });
      optimizer.zeroGrad();
      show.row({ step, loss, norm: await norm.item() });
      for (const tensor of [norm, factor]) tensor.dispose();
    }
    if (!found) await checkpoints.save(steps, { model, optimizer, state: {}, config }, { config: {} });
    if (out !== "") await exportModel(world, out, { model, config });
    await device.synchronize();
    await world.barrier();
  },
});
