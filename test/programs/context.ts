/**
 * A decoder over tokens that are cut for the ranks of a group, against the same on one rank with the batch as it was: the
 * loss, and every parameter's gradient on every rank.
 */
import { crossEntropy, defineScript, initialize, number, recompute, string, type Tensor } from "worldsize";
import { type PackedBatch, packSamples } from "worldsize/data";
import { Decoder, type DecoderConfig, gpt2Shape, llamaShape } from "worldsize/models";
import {
  type ContextCut,
  cutContext,
  GatheredAttention,
  type HostBatch,
  Mesh,
  RingAttention,
} from "worldsize/parallel";

const common = { vocabularySize: 19, width: 16, layers: 2, heads: 4, ffnWidth: 20, maxPositions: 64 };
const models: Readonly<Record<string, DecoderConfig>> = {
  llama: llamaShape({ ...common, kvHeads: 2, initializerRange: 0.3 }),
  gpt2: gpt2Shape({ ...common, initializerRange: 0.3 }),
};

/** Sequences of so many tokens; some targets do not count, and weights differ. */
function packed(lengths: readonly number[]): PackedBatch {
  return packSamples(
    lengths.map((length, s) => ({
      ids: Array.from({ length: length + 1 }, (_, i) => (7 * s + 5 * i + i * i) % common.vocabularySize),
      weights: Array.from({ length: length + 1 }, (_, i) => ((i + s) % 5 === 3 ? 0 : 1 + (i % 3) / 2)),
    })),
  );
}

export default defineScript({
  about: "Holds a decoder over cut tokens against one rank.",
  options: {
    lengths: string("13,1,7,2", "tokens of each sequence"),
    model: string("llama", "llama or gpt2"),
    way: string("ring", "ring or gathered"),
    again: number(0, "1 to recompute each block"),
    dp: number(1, "groups that each have the whole batch"),
  },
  async main({ world, device, options, show }) {
    const mesh = await Mesh.create(world, { dp: options.dp, cp: world.size / options.dp });
    const group = mesh.group("cp");
    const batch = packed(options.lengths.split(",").filter(Boolean).map(Number));
    const scale = 1 / Math.max(1, batch.weight);
    const run = (host: HostBatch, cut?: ContextCut): { loss: Tensor; gradients: Map<string, Tensor> } => {
      const model = new Decoder(device, models[options.model]);
      initialize(model, 3);
      if (cut && options.again) {
        for (const layer of model.layers)
          layer.surround((forward, x, ...rest) => recompute(device, (y) => forward(y, ...rest), [x]));
      }
      const i32 = (values: Int32Array): Tensor => device.from(values, [values.length], "i32");
      const Way = options.way === "ring" ? RingAttention : GatheredAttention;
      const loss = device.scope(() => {
        const tokens = { tokens: i32(host.tokens), positions: i32(host.positions), starts: i32(host.starts) };
        const weight = device.from(host.weights, [host.weights.length]);
        const logits = model.call(tokens, cut && new Way(device, group, cut));
        const mean = crossEntropy(logits, i32(host.targets), { weight }).sum.mul(scale);
        mean.backward();
        return mean.detach().clone();
      });
      const gradients = new Map([...model.namedParameters()].map(([name, { grad }]) => [name, grad as Tensor]));
      return { loss, gradients };
    };
    const used = async (): Promise<number> => {
      await device.synchronize();
      await world.barrier(); // the host has heard of every end
      return device.memoryStats().allocated.current;
    };
    const cut = cutContext(batch, group);
    await used(); // what a barrier itself needs is there from now on
    const before = await used();
    const got = run(cut, cut);
    const after = await used();
    const once = run(cut, cut);
    const leaked = (await used()) - after - (after - before); // there are two models now
    once.loss.dispose();
    await group.allReduce(got.loss);
    for (const gradient of got.gradients.values()) await group.allReduce(gradient);
    const wanted = batch.tokens.length > 0 ? run(batch) : undefined;
    let worst = 0;
    let worstName = "";
    for (const [name, gradient] of got.gradients) {
      const own = [...(await gradient.data())];
      const of = async (which: string): Promise<number[]> => [...((await wanted?.gradients.get(which)?.data()) ?? own)];
      const one = wanted ? await of(name) : own.map(() => 0);
      // What all keys have in common changes no softmax: without rotary positions, their bias has rounding for a gradient.
      const scale = await of(name.replace("k.bias", "k.weight"));
      const largest = scale.reduce((most, each) => Math.max(most, Math.abs(each)), 0) || 1;
      // Not Math.max: a NaN is to be seen.
      for (const [i, each] of own.entries()) {
        const off = Math.abs(each - one[i]) / largest;
        if (!(off <= worst)) [worst, worstName] = [off, name];
      }
    }
    const loss = (await wanted?.loss.item()) ?? 0;
    const ring = new RingAttention(device, group, cut);
    const few = device.ones([1, 4, 4]);
    let refused = "";
    try {
      ring.attend(0, few, few, few, { starts: device.tensor([0, 1], "i32"), positions: device.tensor([0], "i32") });
    } catch (error) {
      refused = (error as Error).message;
    }
    ring.dispose();
    show.row({
      refused,
      parameters: got.gradients.size,
      loss: Math.abs((await got.loss.item()) - loss) / (loss || 1),
      worst: String(worst),
      worstName,
      leaked,
    });
  },
});
