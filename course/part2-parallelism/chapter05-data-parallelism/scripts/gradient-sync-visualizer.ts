// One backward and its all_reduces as they were recorded, three ways: one message at the end, buckets at the end, and
// buckets that leave as soon as they are full. Then the times, and how much of the communication was hidden.
import { defineScript, initialize, number, type Span } from "worldsize";
import { Decoder } from "worldsize/models";
import { DistributedDataParallel } from "worldsize/parallel";
import { checkWidth, countOf, lossSum, makeStories, partsOf } from "../lib/stories.ts";
import { busy, hiddenShare, kernels, reductions, stretchOf } from "../lib/times.ts";

/** Times of a step from the start of backward, in milliseconds. */
interface Times {
  readonly backward: number;
  readonly communication: number;
  readonly step: number;
}

export default defineScript({
  about: "The timeline of backward and its all_reduces: one message, buckets, and buckets that overlap.",
  ranks: 2,
  traced: true,
  streams: "threaded",
  link: "60MB/s,200us",
  options: {
    width: number(128, "width of the model", { min: 16, max: 1024, integer: true }),
    layers: number(4, "blocks of the model", { min: 1, max: 32, integer: true }),
    stories: number(8, "stories of a step, over all ranks", { min: 1, max: 1024, integer: true }),
    bucket: number(512, "KiB of a bucket", { min: 1, max: 2 ** 20 }),
    rounds: number(5, "steps of each way; the median by its length is shown", { min: 1, max: 100, integer: true }),
  },
  quick: { options: { width: 32, layers: 2, bucket: 32, stories: 2, rounds: 1 } },
  measured: ["(ms)", "Hidden:", "One message", "Buckets after", "Buckets that"],
  check: ({ width }) => checkWidth(width),
  async main({ world, device, options, show, spans, now }) {
    const { width, layers, rounds } = options;
    const stories = makeStories({ layers, width, tokens: 128, stories: options.stories });
    const all = stories.step(0);
    const mine = partsOf(all, world.size)[world.rank];
    const count = countOf(all);
    const model = new Decoder(device, stories.config);
    initialize(model, 0);

    /** One step: forward, then backward with its messages, from a common start. @returns its spans and times. */
    async function step(ddp: DistributedDataParallel): Promise<{ own: Span[]; times: Times }> {
      for (const parameter of model.parameters()) parameter.grad = null;
      const loss = device.scope(() => (mine.length > 0 ? lossSum(model, mine).mul(1 / count) : device.zeros([1])));
      await device.synchronize();
      await world.barrier();
      const start = now();
      if (mine.length > 0) loss.backward();
      await ddp.synchronize();
      await device.synchronize();
      const end = now();
      loss.dispose();
      const own = (await spans()).filter((span) => span.start >= start && span.end <= end);
      const [computed, sent] = [kernels(own), reductions(own)];
      const backward = computed.length > 0 ? stretchOf(computed).end - start : 0;
      return { own, times: { backward, communication: busy(sent), step: end - start } };
    }

    const everything = Number.MAX_SAFE_INTEGER;
    const ways = [
      { name: "One message after backward", bucketBytes: [everything], overlap: false },
      { name: "Buckets after backward", bucketBytes: [options.bucket * 1024], overlap: false },
      { name: "Buckets that overlap", bucketBytes: [options.bucket * 1024], overlap: true },
    ];
    const found: Times[] = [];
    for (const { name, ...form } of ways) {
      const ddp = await DistributedDataParallel.wrap(model, world, form);
      await step(ddp); // warms up
      const steps: { own: Span[]; times: Times }[] = [];
      for (let round = 0; round < rounds; round++) {
        const { own, times } = await step(ddp);
        // A step is as long as it is for the slowest rank.
        const ranks = await world.allGatherObject({ ...times });
        const slowest = (key: keyof Times): number => Math.max(...ranks.map((each) => each[key]));
        steps.push({
          own,
          times: { backward: slowest("backward"), communication: slowest("communication"), step: slowest("step") },
        });
      }
      ddp.dispose();
      steps.sort((a, b) => a.times.step - b.times.step);
      const { own, times } = steps[Math.floor(steps.length / 2)];
      found.push(times);
      const lanes = (await world.allGatherObject(lanesOf(world.rank, own))).flat();
      if (world.rank === 0) show.timeline(lanes.slice(0, 8), `${name} (${times.step.toFixed(0)} ms)`);
    }
    if (world.rank !== 0) return;
    for (const [i, { name }] of ways.entries()) {
      const { backward, communication, step: whole } = found[i];
      const ms = (value: number): number => Math.round(value * 10) / 10;
      show.row({ way: name, "backward (ms)": ms(backward), "sent in (ms)": ms(communication), "step (ms)": ms(whole) });
    }
    const [, after, overlapped] = found;
    if (world.size === 1 || after.backward === 0) {
      show.line("Hidden: nothing, because a rank alone sends nothing. Try -n 2.");
      return;
    }
    const share = hiddenShare(after.step, overlapped.step, after.communication, after.backward);
    const [a, b] = [after.step, overlapped.step].map((value) => value.toFixed(0));
    const least = Math.min(after.communication, after.backward).toFixed(0);
    show.line(`Hidden: (${a} - ${b}) / ${least} = ${Math.round(100 * share)} % of what could be`);
  },
});

/** Rows of a rank: its kernels, and its sums of gradients, in the order in which they left. */
function lanesOf(rank: number, spans: readonly Span[]) {
  return [
    { name: `${rank} backward`, spans: kernels(spans).map(({ start, end }) => ({ name: "a kernel", start, end })) },
    {
      name: `${rank} link`,
      spans: reductions(spans).map(({ start, end }, i) => ({ name: `bucket ${i}`, start, end })),
    },
  ];
}
