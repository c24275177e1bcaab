/**
 * Some steps of a small decoder on a layout of choice, from the newest checkpoint on if there is one: losses, and which
 * samples each rank has taken. Then a checkpoint, or the model as a plain folder.
 */
import { AdamW, choice, crossEntropy, defineScript, initialize, number, string, type Tensor } from "worldsize";
import { exportModel, ShardedCheckpoints, writeModel } from "worldsize/files";
import { Decoder, gpt2Shape, llamaShape } from "worldsize/models";
import { DistributedDataParallel, FullyShardedDataParallel, Mesh, type MeshShape } from "worldsize/parallel";

const size = {
  vocabularySize: 23,
  width: 12,
  layers: 3,
  heads: 2,
  ffnWidth: 17,
  maxPositions: 16,
  initializerRange: 0.08,
};
/** Samples of a step, over all ranks. */
const SAMPLES = 6;

function textOf(sample: number): number[] {
  return Array.from(
    { length: 6 + (sample % 3) },
    (_, i) => (sample * 5 + i * (1 + (sample % 4))) % size.vocabularySize,
  );
}

export default defineScript({
  about: "Trains a small decoder from where a checkpoint left off.",
  options: {
    layout: choice("fsdp", ["ddp", "zero1", "fsdp", "hsdp"] as const, "who has what"),
    family: choice("llama", ["llama", "gpt2"] as const, "the decoder's"),
    dtype: choice("f32", ["f32", "bf16"] as const, "of parameters"),
    steps: number(4, "up to which is trained"),
    saved: number(0, "the step that is saved; 0 for none"),
    folder: string("", "of the checkpoints"),
    out: string("", "where the model goes"),
  },
  async main({ world, device, options, show }) {
    const { layout, family, dtype, steps, saved, folder, out } = options;
    const config = family === "llama" ? llamaShape({ ...size, kvHeads: 1, tied: true }) : gpt2Shape(size);
    const model = new Decoder(device, config, { dtype, gradDType: "f32" });
    initialize(model, 3);
    const shape: MeshShape = layout === "hsdp" ? { copies: 2, dp: world.size / 2 } : { dp: world.size };
    const mesh = await Mesh.create(world, shape);
    const wrapped =
      layout === "ddp"
        ? await DistributedDataParallel.wrap(model, world)
        : await FullyShardedDataParallel.wrap(
            model,
            { mesh, axes: ["dp"] },
            {
              units: model.layers,
              stage: layout === "zero1" ? 1 : 3,
              replicate: layout === "hsdp" ? { mesh, axes: ["copies"] } : undefined,
            },
          );
    const optimizer = new AdamW(model.parameters(), { lr: 0.01 });
    const checkpoints = await ShardedCheckpoints.open(world, folder);
    const latest = await checkpoints.latest();
    let [step, samples, saving] = [0, 0, Promise.resolve() as Promise<unknown>];
    if (latest) {
      const found = await checkpoints.restore(latest, { model, optimizer });
      [step, samples] = [found.step, Number(found.state.samples)];
    }
    const i32 = (values: readonly number[]): Tensor => device.tensor([...values], "i32");
    for (; step < steps; step++) {
      const all = Array.from({ length: SAMPLES }, (_, i) => samples + i);
      const own = all.filter((sample) => sample % world.size === world.rank);
      samples += SAMPLES;
      const count = all.reduce((sum, sample) => sum + textOf(sample).length - 1, 0);
      const loss = device.scope(() => {
        const texts = own.map(textOf);
        const inputs = texts.map((text) => text.slice(0, -1));
        const starts = [0];
        for (const { length } of inputs) starts.push(starts[starts.length - 1] + length);
        const [tokens, positions] = [i32(inputs.flat()), i32(inputs.flatMap((each) => [...each.keys()]))];
        const logits = model.call({ tokens, positions, starts: i32(starts) });
        const { sum } = crossEntropy(logits, i32(texts.flatMap((text) => text.slice(1))));
        const share = sum.mul(1 / count);
        share.backward();
        return share.detach();
      });
      await wrapped.synchronize();
      await world.allReduce(loss);
      device.scope(() => {
        optimizer.step();
        return undefined;
      });
      optimizer.zeroGrad();
      show.row({ step, loss: await loss.item(), samples: own.join() });
      // Training goes on while it is written.
      if (step + 1 === saved)
        saving = checkpoints.save(saved, { model, optimizer, state: { samples } }, { files: { "note.txt": "a note" } }); // prettier-ignore
    }
    await saving;
    if (out === "") return;
    const beside = { files: { "note.txt": "a note" }, shardBytes: 3000 };
    if (world.size > 1) await exportModel(world, out, { model }, beside);
    else await writeModel(out, model, beside);
  },
});
