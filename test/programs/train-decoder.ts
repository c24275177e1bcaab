/**
 * Twenty steps of a small decoder, then samples from it, so that runs elsewhere can be held to the losses and the tokens.
 * A step learns from six sequences, dealt out over the ranks; gradients lie in one bucket that is summed once.
 */
import { AdamW, crossEntropy, defineScript, gradientNorm, type Tensor, tapeOf } from "worldsize";
import { Decoder, generate, llamaShape } from "worldsize/models";

const config = llamaShape({
  vocabularySize: 32,
  width: 24,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 6,
  ffnWidth: 40,
  maxPositions: 32,
  initializerRange: 0.08,
});

const [steps, sequences, length] = [20, 6, 12];

/** Sequences that count up by 1 to 6, from where the step begins. */
function textOf(step: number, sequence: number): number[] {
  return Array.from({ length: length + 1 }, (_, i) => (step + i * (sequence + 1)) % config.vocabularySize);
}

export default defineScript({
  about: "Trains a small decoder by averaging gradients, and samples from it.",
  async main({ world, device, show }) {
    const model = new Decoder(device, config);
    const parameters = model.parameters();
    const optimizer = new AdamW(parameters, { lr: 0.01 });
    const bucket = device.zeros([parameters.reduce((sum, { size }) => sum + size, 0)]);
    let from = 0;
    for (const parameter of parameters) {
      const place = bucket.slice(0, from, (from += parameter.size)).reshape(parameter.shape);
      tapeOf(device).placeGrad(parameter, place);
    }
    const own = Array.from({ length: sequences }, (_, s) => s).filter((s) => s % world.size === world.rank);
    const integers = (values: number[]): Tensor => device.tensor(values, "i32");
    const starts = integers([...own.keys(), own.length].map((s) => s * length));
    const positions = integers(own.flatMap(() => Array.from({ length }, (_, i) => i)));
    for (let step = 0; step < steps; step++) {
      const rows = own.map((s) => textOf(step, s));
      const loss = device.scope(() => {
        const [tokens, target] = [0, 1].map((at) => integers(rows.flatMap((row) => row.slice(at, at + length))));
        const { sum } = crossEntropy(model.call({ tokens, positions, starts }), target);
        const share = sum.mul(1 / (sequences * length));
        share.backward();
        return share.detach();
      });
      await Promise.all([world.allReduce(bucket), world.allReduce(loss)]);
      device.scope(() => {
        optimizer.step(gradientNorm(parameters, 1));
        return undefined;
      });
      optimizer.zeroGrad();
      show.row({ step, loss: await loss.item() });
    }
    const prompts = [
      [0, 1, 2, 3],
      [5, 8, 11],
    ];
    for (const temperature of [0, 0.7]) {
      const made: number[][] = prompts.map(() => []);
      for await (const { sequence, token } of generate(model, prompts, { temperature, seed: 3, most: 12 }))
        made[sequence].push(token);
      show.row({ temperature, tokens: made.map((each) => each.join(" ")).join(", ") });
    }
  },
});
