// Trains a language model, on one rank or on several: every rank computes its share of a step's samples, and the
// gradients are summed. What is summed is divided once, by what counts in the whole step, so the losses are the same.
import {
  boolean,
  crossEntropy,
  defineScript,
  gradientNorm,
  initialize,
  number,
  string,
  type Tensor,
  tapeOf,
  warmupCosine,
} from "worldsize";
import { Loader, packSamples, type Sample, shareOf } from "worldsize/data";
import { readCorpus } from "worldsize/files";
import { llamaShape, streamAnswer } from "worldsize/models";
import { storyCorpus, textCorpus } from "../lib/data.ts";
import { LiveLine, productSpeed } from "../lib/live.ts";
import { checkpointOf, newRun, readRun, saveRun, tokenizerOf, writeResult } from "../lib/run.ts";

export default defineScript({
  about: "Trains a language model, with a live line, held-out loss, checkpoints to go on from, and a sample.",
  ranks: 1,
  options: {
    data: string("stories", "stories (a generator), sotu, moby-dick, or the path of your text"),
    steps: number(300, "steps of training", { min: 1, integer: true }),
    tokens: number(1024, "tokens of a step, over all ranks", { min: 16, max: 2 ** 20, integer: true }),
    layers: number(4, "blocks", { min: 1, max: 1000, integer: true }),
    width: number(128, "width of the stream", { min: 8, max: 2 ** 16, integer: true }),
    heads: number(4, "heads of attention; they share the width", { min: 1, max: 2 ** 10, integer: true }),
    hidden: number(352, "hidden width of the MLPs", { min: 1, max: 2 ** 18, integer: true }),
    vocabulary: number(1024, "tokens of the vocabulary", { min: 262, max: 2 ** 18, integer: true }),
    context: number(1024, "most tokens that the model sees", { min: 16, max: 2 ** 17, integer: true }),
    lr: number(3e-3, "learning rate at its highest", { min: 0 }),
    texts: number(4000, "documents that the tokenizer is trained on", { min: 10, max: 1e6, integer: true }),
    short: number(0, "short documents that come first: from them a model learns to copy", { min: 0, integer: true }),
    long: number(0, "share of the later documents that fill the whole context", { min: 0, max: 1 }),
    held: number(200, "documents that are kept for evaluation", { min: 1, max: 1e5, integer: true }),
    every: number(500, "steps between two looks at what was kept, and between two checkpoints", {
      min: 1,
      integer: true,
    }),
    out: string("", "folder for checkpoints and the model; nothing is written if empty"),
    resume: boolean(false, "go on from the latest checkpoint in --out"),
    init: number(0, "seed of the weights and of the order of what is read", { integer: true }),
  },
  quick: {
    options: { steps: 6, tokens: 256, width: 32, hidden: 64, layers: 1, texts: 60, held: 8, vocabulary: 320, every: 3 },
  },
  measured: ["tokens/s"],
  async main({ world, device, options, show, now }) {
    const { data, steps, tokens, lr, every, out, resume, init } = options;
    const isFirst = world.rank === 0;
    // What decides what is learned: a run goes on with the same values only.
    const { out: _out, resume: _resume, every: _every, ...fixed } = options;

    const latest = await checkpointOf(out, resume, isFirst);
    const known = latest && (await tokenizerOf(latest));
    const corpus =
      data === "stories"
        ? storyCorpus({ ...options, seed: init }, known)
        : textCorpus(readCorpus(data), { ...options, seed: init }, known);
    const restored = latest && (await readRun(device, latest, fixed));
    const { layers, width, heads, hidden: ffnWidth, context: maxPositions } = options;
    const { vocabularySize } = corpus.tokenizer;
    const config = llamaShape({ vocabularySize, layers, width, heads, ffnWidth, maxPositions });
    const { model, optimizer } = restored ?? newRun(device, config);
    if (!restored) initialize(model, init);
    const losses = [...(restored?.run.losses ?? [])];
    const parameters = model.parameters();
    const bucket = placeGradients(device, parameters);
    const loader = new Loader(corpus.train, { seed: init, tokensPerStep: tokens }, restored?.run.loader);

    /** Σ weight · loss of some samples, times a scale. */
    const lossOf = (samples: readonly Sample[], scale: number): Tensor => {
      const packed = packSamples(samples);
      const i32 = (values: Int32Array): Tensor => device.from(values, [values.length], "i32");
      const batch = { tokens: i32(packed.tokens), positions: i32(packed.positions), starts: i32(packed.starts) };
      const weight = device.from(packed.weights, [packed.weights.length]);
      return crossEntropy(model.call(batch), i32(packed.targets), { weight, inPlace: true }).sum.mul(scale);
    };

    /** The mean loss of what was kept: each rank computes its share, and none is counted twice. */
    const evaluate = async (): Promise<number> => {
      const total = device.zeros([2]);
      for (const group of groupsOf(shareOf(corpus.heldOut, world.rank, world.size), tokens)) {
        device.noGrad(() =>
          device.scope(() => {
            total.slice(0, 0, 1).add_(lossOf(group, 1));
            total.slice(0, 1, 2).add_(packSamples(group).weight);
            return undefined;
          }),
        );
      }
      await world.allReduce(total, "sum");
      const [sum, count] = (await total.toArray()) as number[];
      total.dispose();
      return sum / count;
    };

    const flops = 6 * parameters.reduce((sum, { size }) => sum + size, 0);
    const live = new LiveLine(now, world.size * (await productSpeed(device, now)), losses.length);
    let read = restored?.run.tokens ?? 0;
    const begun = read;
    let saving: Promise<void> | undefined;
    for (let step = losses.length; step < steps; step++) {
      const samples = loader.next();
      const { weight } = packSamples(samples);
      optimizer.setLr(
        warmupCosine({ peak: lr, warmup: Math.min(60, steps / 10), total: steps, floor: lr / 20 }, step + 1),
      );
      device.beginStep(step);
      bucket.fill_(0);
      const mine = shareOf(samples, world.rank, world.size);
      const loss = device.scope(() => {
        if (mine.length === 0 || weight === 0) return device.zeros([1]); // and it still joins what follows
        const mean = lossOf(mine, 1 / weight);
        mean.backward();
        return mean.detach().reshape([1]).clone();
      });
      await world.allReduce(bucket, "sum");
      await world.allReduce(loss, "sum");
      device.scope(() => {
        if (weight > 0) optimizer.step(gradientNorm(parameters, 1));
        return undefined;
      });
      losses.push(await loss.item());
      loss.dispose();
      if (!Number.isFinite(losses[step]))
        throw new Error(`The loss of step ${step + 1} is ${losses[step]}. Try a smaller --lr.`);
      read += samples.reduce((sum, { ids }) => sum + ids.length, 0);
      const bits = (nats: number): number => nats / Math.LN2 / corpus.bytesPerToken;
      const row =
        isFirst &&
        live.row({
          ...{ step: step + 1, steps, loss: losses[step], bitsPerByte: bits(losses[step]) },
          ...{ tokens: read - begun, flops, memory: device.memoryStats() },
        });
      if (row) show.status(row);
      if ((step + 1) % every !== 0 && step + 1 !== steps) continue;
      await saving; // a failure of the last one is told here
      if (isFirst && out !== "") {
        const state = { losses: [...losses], loader: loader.state, tokens: read, options: fixed };
        saving = saveRun(out, step + 1, corpus.tokenizer, { model, optimizer }, state);
        saving.catch(() => {}); // it is awaited later
      }
      const held = await evaluate();
      if (isFirst) {
        show.row({ step: step + 1, "held-out": held, "bits/byte": bits(held), tokens: read });
      }
    }
    await saving;
    if (!isFirst) return;
    if (out !== "") {
      await writeResult(`${out}/model`, corpus.tokenizer, model);
      show.line(`The model is in ${out}/model. Ask it: worldsize run tell-a-story --model ${out}/model`);
    }
    show.plot([{ name: "loss", y: losses }], "Loss by step");
    const question = [
      { role: "user" as const, content: "Tell a story about Mia the fox, Ben the boy and a red ball." },
    ];
    for await (const piece of streamAnswer(model, corpus.tokenizer, question, { temperature: 0.7, most: 150 }))
      show.write(piece);
    show.write("\n");
  },
});

/** All gradients as views of one tensor, so that one allReduce sums them all. */
function placeGradients(device: Tensor["device"], parameters: readonly Tensor[]): Tensor {
  const bucket = device.empty([parameters.reduce((sum, { size }) => sum + size, 0)], "f32", "gradients");
  let at = 0;
  for (const parameter of parameters) {
    const place = bucket.slice(0, at, at + parameter.size).reshape(parameter.shape);
    tapeOf(device).placeGrad(parameter, place);
    parameter.grad = place;
    at += parameter.size;
  }
  return bucket;
}

/** Samples in groups of at most so many tokens. */
function groupsOf(samples: readonly Sample[], tokens: number): Sample[][] {
  const groups: Sample[][] = [];
  let used = Infinity;
  for (const sample of samples) {
    used += sample.ids.length;
    if (used > tokens) {
      groups.push([]);
      used = sample.ids.length;
    }
    groups[groups.length - 1].push(sample);
  }
  return groups;
}
