/** The ranks' side of `worldsize bench train` and `bench ddp`: steps of a small language model, and their best time. */
import { AdamW, boolean, crossEntropy, defineScript, gradientNorm, number } from "worldsize";
import { Decoder, gpt2Shape } from "worldsize/models";
import { DistributedDataParallel } from "worldsize/parallel";

/** GPT-2's shape at the size of the bench. */
const config = gpt2Shape({ vocabularySize: 4096, width: 384, layers: 6, heads: 6, ffnWidth: 1536, maxPositions: 256 });

export default defineScript({
  about: "Times training steps: 6 layers of width 384, 8 sequences of 256 tokens, AdamW.",
  ranks: 1,
  options: {
    rounds: number(5, "steps that are timed, after one that is not; the best counts"),
    untied: boolean(false, "a head of its own: 13.9 million parameters"),
  },
  async main({ world, device, options: { rounds, untied }, show, now }) {
    const [sequences, length] = [8, 256];
    const tokens = sequences * length;
    const model = new Decoder(device, { ...config, tied: !untied });
    const together = world.size > 1 ? await DistributedDataParallel.wrap(model, world) : undefined;
    const optimizer = new AdamW(model.parameters(), { lr: 1e-3 });
    const batch = {
      tokens: device.randint(0, config.vocabularySize, [tokens], { seed: 1 + 2 * world.rank }),
      positions: device.from(
        Array.from({ length: tokens }, (_, i) => i % length),
        [tokens],
        "i32",
      ),
      starts: device.from(
        Array.from({ length: sequences + 1 }, (_, i) => i * length),
        [sequences + 1],
        "i32",
      ),
    };
    const target = device.randint(0, config.vocabularySize, [tokens], { seed: 2 + 2 * world.rank });
    const step = async (): Promise<void> => {
      device.scope(() => {
        const { sum } = crossEntropy(model.call(batch), target, { inPlace: true });
        sum.mul(1 / tokens / world.size).backward();
        return undefined;
      });
      await together?.synchronize();
      device.scope(() => {
        optimizer.step(gradientNorm(model.parameters(), 1));
        return undefined;
      });
      optimizer.zeroGrad();
      await device.synchronize();
    };
    let best = Infinity;
    for (let round = 0; round <= rounds; round++) {
      await world.barrier();
      const start = now();
      await step();
      await world.barrier();
      if (round > 0) best = Math.min(best, now() - start);
    }
    const { allocated, reserved } = device.memoryStats();
    show.row({ milliseconds: best, "peak bytes": allocated.peak, "reserved bytes": reserved.peak });
  },
});
