/**
 * The ranks' side of `worldsize bench hidden`: steps whose messages travel after backward, and while it goes on, over a
 * link that takes its time. How much of the messages' time disappears is what overlapping is worth.
 */
import { choice, crossEntropy, defineScript, number } from "worldsize";
import { Decoder, gpt2Shape } from "worldsize/models";
import { DistributedDataParallel, FullyShardedDataParallel } from "worldsize/parallel";

export default defineScript({
  about: "Times data-parallel steps with and without overlap.",
  ranks: 2,
  options: {
    kind: choice("ddp", ["ddp", "fsdp"] as const, "strategy"),
    rounds: number(2, "steps of each way; the best counts"),
    width: number(384, "width of the model"),
    layers: number(8, "blocks"),
    tokens: number(1024, "tokens of each rank, in sequences of 128"),
    bucket: number(4, "MiB of a bucket, after a first one of 1"),
  },
  async main({ world, device, options, show, now }) {
    const { kind, rounds, width, layers, tokens, bucket } = options;
    const length = 128;
    const config = gpt2Shape({
      vocabularySize: 512,
      width,
      layers,
      heads: 4,
      ffnWidth: 4 * width,
      maxPositions: length,
    });
    const i32 = (count: number, value: (i: number) => number) =>
      device.from(
        Array.from({ length: count }, (_, i) => value(i)),
        [count],
        "i32",
      );
    const batch = {
      tokens: device.randint(0, 512, [tokens], { seed: 1 + world.rank }),
      positions: i32(tokens, (i) => i % length),
      starts: i32(tokens / length + 1, (i) => i * length),
    };
    const target = device.randint(0, 512, [tokens], { seed: 2 + world.rank });
    /** Milliseconds of the slowest rank. */
    const time = async (body: () => void | Promise<void>): Promise<number> => {
      await device.synchronize();
      await world.barrier();
      const start = now();
      await body();
      await device.synchronize();
      return Math.max(...(await world.allGatherObject(now() - start)));
    };
    const ways = ["alone", "sequential", "overlapped"] as const;
    const best = { alone: Infinity, forward: Infinity, sequential: Infinity, overlapped: Infinity };
    for (const way of ways) {
      const model = new Decoder(device, config);
      const overlap = way === "overlapped";
      const form = { bucketBytes: [2 ** 20, 2 ** 20 * bucket], overlap };
      const wrapped =
        way === "alone"
          ? undefined
          : kind === "ddp"
            ? await DistributedDataParallel.wrap(model, world, form)
            : await FullyShardedDataParallel.wrap(model, world, { units: model.layers, overlap });
      const pass = (backward: boolean): void => {
        device.scope(() => {
          const { sum } = crossEntropy(model.call(batch), target);
          if (backward) sum.backward();
          return undefined;
        });
      };
      for (let round = 0; round <= rounds; round++) {
        const took = await time(async () => {
          pass(true);
          await wrapped?.synchronize();
        });
        if (round > 0) best[way] = Math.min(best[way], took);
        if (way === "alone" && round > 0) best.forward = Math.min(best.forward, await time(() => pass(false)));
        for (const parameter of model.parameters()) parameter.grad = null;
      }
      wrapped?.dispose();
      model.dispose();
    }
    const backward = best.alone - best.forward;
    const communication = best.sequential - best.alone;
    const hidden = (best.sequential - best.overlapped) / Math.min(communication, backward);
    if (world.rank === 0) show.row({ ...best, backward, communication, share: communication / backward, hidden });
  },
});
