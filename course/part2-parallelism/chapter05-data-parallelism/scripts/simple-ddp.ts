// Data parallelism by hand: every rank computes its share of a step's stories in micro-batches, buckets of gradients are
// summed while backward goes on, the norm is clipped, and the optimizer steps. Beside it, every rank trains the same model
// alone on all stories: losses and gradients should be the same.
import { AdamW, choice, clipGradNorm_, defineScript, initialize, number } from "worldsize";
import type { Sample } from "worldsize/data";
import { Decoder } from "worldsize/models";
import { DistributedDataParallel } from "worldsize/parallel";
import { differenceOf, maxOver } from "../lib/compare.ts";
import { countOf, lossSum, makeStories, partsOf } from "../lib/stories.ts";

export default defineScript({
  about: "Trains a language model with data parallelism, beside the same model on one rank: losses and gradients.",
  ranks: 4,
  options: {
    steps: number(8, "steps of training", { min: 1, max: 10_000, integer: true }),
    micro: number(2, "micro-batches of a step, on each rank", { min: 1, max: 64, integer: true }),
    stories: number(16, "stories of a step, over all ranks", { min: 1, max: 1024, integer: true }),
    bucket: number(64, "KiB of a bucket", { min: 1, max: 2 ** 20 }),
    divide: choice("global", ["global", "means", "forgotten"] as const, "what each loss is divided by; see the page"),
    clip: number(1, "largest norm of the gradient; 0 leaves it as it is", { min: 0 }),
  },
  quick: { options: { steps: 2, stories: 5 } },
  async main({ world, device, options, show }) {
    const { steps, micro, divide, clip } = options;
    const stories = makeStories({ layers: 2, width: 32, tokens: 96, stories: options.stories });
    const [model, alone] = [new Decoder(device, stories.config), new Decoder(device, stories.config)];
    initialize(model, world.rank); // wrap makes them rank 0's on every rank
    initialize(alone, 0);
    const ddp = await DistributedDataParallel.wrap(model, world, { bucketBytes: [options.bucket * 1024] });
    const [optimizer, optimizerAlone] = [model, alone].map((each) => new AdamW(each.parameters(), { lr: 0.003 }));
    if (world.rank === 0) show.table(bucketRows(model, ddp.buckets), "Buckets, in the order in which they leave");

    /** One step's backward passes; gradients are summed when it resolves. @returns this rank's part of the loss. */
    async function backward(mine: readonly Sample[], count: number): Promise<number> {
      const parts = partsOf(mine, micro);
      const losses = device.zeros([1]);
      for (const [m, part] of parts.entries()) {
        if (part.length === 0) continue; // synchronize sends zeros for what is missing
        const run = () =>
          device.scope(() => {
            const sum = lossSum(model, part);
            losses.add_(sum.detach().mul(1 / count));
            sum.mul(1 / divisor(countOf(part), count)).backward();
            return undefined;
          });
        // All micro-batches but the last add up here alone.
        if (m < micro - 1) ddp.noSync(run);
        else run();
      }
      await ddp.synchronize();
      await world.allReduce(losses, "sum");
      const loss = await losses.item();
      losses.dispose();
      return loss;
    }

    /** What a micro-batch's sum of losses is divided by. */
    function divisor(own: number, global: number): number {
      if (divide === "global") return global;
      return divide === "means" ? own * micro * world.size : global / micro;
    }

    for (let step = 0; step < steps; step++) {
      const all = stories.step(step);
      const mine = partsOf(all, world.size)[world.rank];
      // Nobody else knows what this rank has: the counts are summed before the first backward.
      const counts = device.full([1], countOf(mine));
      await world.allReduce(counts, "sum");
      const count = await counts.item();
      counts.dispose();

      const loss = await backward(mine, count);
      const meanAlone = device.scope(() => {
        const mean = lossSum(alone, all).mul(1 / count);
        mean.backward();
        return mean.detach().clone();
      });
      const lossAlone = await meanAlone.item();
      meanAlone.dispose();
      const difference = await maxOver(world, await differenceOf(model.parameters(), alone.parameters()));
      for (const each of [model, alone]) if (clip > 0) clipGradNorm_(each.parameters(), clip).dispose();
      for (const each of [optimizer, optimizerAlone]) {
        each.step();
        each.zeroGrad();
      }
      if (world.rank !== 0) continue;
      show.row({
        step: step + 1,
        [`loss on ${world.size}`]: loss.toFixed(4),
        "on one": lossAlone.toFixed(4),
        ...(step === 0 || step === steps - 1 ? { "gradients differ by": difference.toExponential(1) } : {}),
      });
    }
    ddp.dispose();
  },
});

/** A row for each bucket. */
function bucketRows(model: Decoder, buckets: DistributedDataParallel["buckets"]) {
  const names = new Map([...model.namedParameters()].map(([name, parameter]) => [parameter, name]));
  return buckets.map(({ parameters, bytes }, bucket) => ({
    bucket,
    KiB: (bytes / 1024).toFixed(1),
    parameters: parameters.length,
    "the first of them": names.get(parameters[0]),
  }));
}
