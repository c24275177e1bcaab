// Trains a language model, on one rank or on several: every rank computes its share of a step's samples, and the
// gradients are summed. What is summed is divided once, by what counts in the whole step, so the losses are the same.
import { AdamW, crossEntropy, defineScript, gradientNorm, number, type Tensor, tapeOf, warmupCosine } from "worldsize";
import { Loader, packSamples, type Sample, shareOf } from "worldsize/data";
import { Decoder, type DecoderConfig, generate } from "worldsize/models";
import { storyCorpus } from "../lib/data.ts";

export default defineScript({
  about: "Trains a language model on stories and small tasks, with a live line, held-out loss and samples.",
  ranks: 1,
  options: {
    steps: number(200, "steps of training", { min: 1, integer: true }),
    tokens: number(2048, "tokens of a step, over all ranks", { min: 16, integer: true }),
    layers: number(4, "blocks", { min: 1, integer: true }),
    width: number(128, "width of the stream", { min: 8, integer: true }),
    heads: number(4, "heads of attention", { min: 1, integer: true }),
    hidden: number(344, "hidden width of the MLPs", { min: 1, integer: true }),
    vocabulary: number(1024, "tokens of the vocabulary", { min: 262, integer: true }),
    context: number(1024, "most tokens that the model sees", { min: 16, integer: true }),
    lr: number(3e-3, "learning rate at its highest", { min: 0 }),
    texts: number(4000, "documents that the tokenizer is trained on", { min: 10, integer: true }),
    held: number(200, "documents that are kept for evaluation", { min: 1, integer: true }),
    short: number(0, "short documents that come first: from them a model learns to copy", { min: 0, integer: true }),
    every: number(100, "steps between two looks at held-out documents", { min: 1, integer: true }),
  },
  quick: {
    options: { steps: 6, tokens: 256, width: 32, hidden: 64, layers: 1, texts: 60, held: 8, vocabulary: 320, every: 3 },
  },
  measured: ["tokens/s", "share of peak", "left"],
  async main({ world, device, options, show, now }) {
    const { steps, tokens, lr, context, every } = options;
    const corpus = storyCorpus(0, options);
    const config = configOf(options, corpus.tokenizer.vocabularySize);
    const model = new Decoder(device, config);
    const parameters = model.parameters();
    const decayed = parameters.filter(({ shape }) => shape.length === 2);
    const others = parameters.filter(({ shape }) => shape.length < 2);
    const groups = [
      { parameters: decayed, weightDecay: 0.05 },
      { parameters: others, weightDecay: 0 },
    ];
    const optimizer = new AdamW(groups, { betas: [0.9, 0.98] });
    const bucket = placeGradients(device, parameters);
    const loader = new Loader(corpus.train, { seed: 0, tokensPerStep: tokens });

    /** Σ loss · weight of some samples, and the logits' gradients with it. */
    const lossOf = (samples: readonly Sample[], scale: number): Tensor => {
      const packed = packSamples(samples);
      const n = packed.tokens.length;
      const batch = {
        tokens: device.from(packed.tokens, [n], "i32"),
        positions: device.from(packed.positions, [n], "i32"),
        starts: device.from(packed.starts, [packed.starts.length], "i32"),
      };
      const target = device.from(packed.targets, [n], "i32");
      const weight = device.from(packed.weights, [n]);
      return crossEntropy(model.call(batch), target, { weight, inPlace: true }).sum.mul(scale);
    };

    const evaluate = async (): Promise<number> => {
      const { heldOut } = corpus;
      const all = Array.from({ length: heldOut.count }, (_, i) => heldOut.get(i));
      const total = device.zeros([2]);
      for (const group of groupsOf(shareOf(all, world.rank, world.size), tokens)) {
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

    const losses: number[] = [];
    const started = now();
    let seen = 0;
    let shown = -Infinity;
    for (let step = 0; step < steps; step++) {
      const samples = loader.next();
      const weight = packSamples(samples).weight;
      optimizer.setLr(
        warmupCosine({ peak: lr, warmup: Math.min(60, steps / 10), total: steps, floor: lr / 20 }, step + 1),
      );
      device.beginStep(step);
      bucket.fill_(0);
      const loss = device.scope(() => {
        const mine = shareOf(samples, world.rank, world.size);
        if (mine.length === 0) return device.zeros([1]);
        const mean = lossOf(mine, 1 / weight);
        mean.backward();
        return mean.detach().reshape([1]).clone();
      });
      await world.allReduce(bucket, "sum");
      await world.allReduce(loss, "sum");
      device.scope(() => {
        optimizer.step(gradientNorm(parameters, 1));
        return undefined;
      });
      losses.push(await loss.item());
      loss.dispose();
      seen += samples.reduce((sum, { ids }) => sum + ids.length, 0);
      if (world.rank === 0 && now() - shown > 500) {
        shown = now();
        const speed = (1000 * seen) / (now() - started);
        const { byTag } = device.memoryStats();
        const MiB = (bytes = 0): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
        show.status({
          step: `${step + 1}/${steps}`,
          loss: losses[step].toFixed(3),
          "bits/byte": (losses[step] / Math.LN2 / corpus.bytesPerToken).toFixed(3),
          "tokens/s": Math.round(speed),
          left: `${Math.round((((now() - started) / (step + 1)) * (steps - step - 1)) / 1000)} s`,
          memory: MiB(device.memoryStats().allocated.peak),
          activations: MiB(byTag.activations?.peak),
        });
      }
      if ((step + 1) % every === 0 || step + 1 === steps) {
        const held = await evaluate();
        if (world.rank === 0) show.row({ step: step + 1, loss: losses[step], "held-out loss": held, tokens: seen });
      }
    }
    if (world.rank !== 0) return;
    show.plot([{ name: "loss", y: losses }], "Loss by step");
    const bos = corpus.tokenizer.specialId("<|bos|>");
    const eos = corpus.tokenizer.specialId("<|eos|>");
    const text: number[] = [];
    for await (const { token } of generate(model, [[bos]], { temperature: 0.7, stop: [eos], most: 150, seed: 1 }))
      text.push(token);
    show.line(corpus.tokenizer.decode(text));
  },
});

type Options = Readonly<Record<"layers" | "width" | "heads" | "hidden" | "context", number>>;

/** Llama's shape. */
function configOf({ layers, width, heads, hidden, context }: Options, vocabularySize: number): DecoderConfig {
  return {
    family: "llama",
    vocabularySize,
    width,
    layers,
    heads,
    kvHeads: heads,
    headDim: width / heads,
    ffnWidth: hidden,
    activation: "silu",
    norm: "rms",
    normEps: 1e-5,
    positions: "rope",
    ropeTheta: 10_000,
    maxPositions: context,
    tied: true,
    attentionBias: false,
    outputBias: false,
    mlpBias: false,
    qkNorm: false,
    experts: 0,
    expertsPerToken: 0,
    normalizeTopK: false,
    initializerRange: 0.02,
  };
}

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
