// Checks 4.5: how answers are fed while backward goes on. What is judged stands in judge.ts.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";
import { type Answer, defineExercise, watch } from "worldsize/exercise";
import { Backward } from "./backward.ts";
import { bucketsOf, caseOf, numbersOf } from "./cases.ts";
import { judgeBuckets, judgeMessages, judgeOverlap, judgeRing, judgeValues, planText, type Report } from "./judge.ts";

interface AveragingAnswer extends Answer {
  averageGradients(
    world: ProcessGroup,
    device: TensorDevice,
    gradients: Tensor[],
    bucketBytes: number,
    ready: (i: number) => Promise<void>,
  ): Promise<void>;
}

export default defineExercise<Report>({
  number: "4.5",
  title: "Average gradients, a bucket at a time",
  exports: ["averageGradients"],
  worlds: [1, 2, 3, 5, 8],
  interleavings: 4,
  bound(size, variant) {
    const buckets = bucketsOf(caseOf(0, variant));
    const steps = 2 * (size - 1);
    const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);
    const messages = sum(buckets.map(({ elements }) => Math.ceil((steps * Math.min(elements, size)) / size)));
    const bytes = Math.ceil(sum(buckets.map(({ elements }) => (steps / size) * 4 * elements)));
    return {
      because: "2 (n - 1) steps per bucket, each with a chunk",
      messages,
      bytes,
      inARow: { messages: steps * buckets.length, bytes },
    };
  },
  hints: [
    "There are two questions. Which gradients share a bucket? The shapes alone decide that, before anything is ready. And when does a bucket start? When the last of its own gradients is ready. Your ring of 3.3 does the rest.",
    "Make the plan first: a list of buckets, each a list of indices; a gradient that would make the open bucket larger than bucketBytes opens the next. Then, bucket by bucket: await ready of each of its gradients, copy them into one flat tensor, run your ring on it, divide by n once, copy the parts back.",
    "Per bucket: for (const i of bucket) await ready(i); const flat = device.empty([elements]); flat.slice(0, at, at + g.size).copy_(g.flatten()) for each g of it, at growing by g.size; await ringAllReduce(world, device, flat); flat.div_(world.size); g.copy_(flat.slice(0, at, at + g.size).reshape(g.shape)).",
  ],
  questions: [
    {
      ask: "Gradients of 40, 24, 80, 12, 20 and 48 bytes, in this order; buckets of 64 bytes; 2 ranks. How many messages does a rank send?",
      world: 2,
      answer: (outcome) => outcome.sent(0).messages,
      because:
        "Four buckets, 2 (n - 1) = 2 messages each: 40 + 24 fill the first exactly; 80 is more than a bucket and has one of its own; 12 + 20 leave no room for 48.",
    },
    {
      ask: "The same on 3 ranks. How many of the six gradients are ready when the first message leaves?",
      world: 3,
      answer: (outcome) => (outcome.reports[0] as Report).sentBefore.filter((sent) => sent === 0).length,
      because: "Two: the first bucket starts with its own gradients. The other four are made while it is on its way.",
    },
  ],
  async run(answer, { context: { world, device, sleep }, seed, variant }) {
    const { shapes, bucketBytes } = caseOf(seed, variant);
    const watched = watch(world);
    const backward = new Backward({
      device,
      shapes,
      numbers: numbersOf(seed, variant, world.rank),
      buckets: bucketsOf({ shapes, bucketBytes }),
      perBucket: 2 * (world.size - 1),
      sent: () => watched.count("send"),
      called: () => watched.count(),
      sleep,
    });
    const making = backward.run();
    let made = -1;
    const answered = async (): Promise<void> => {
      const { gradients, ready } = backward;
      await (answer as AveragingAnswer).averageGradients(watched.world, device, [...gradients], bucketBytes, ready);
      made = backward.sentBefore.length;
      backward.letGo();
    };
    try {
      await Promise.all([answered(), making]);
    } finally {
      backward.letGo();
      await making.catch(() => {});
    }
    const gradients: number[][] = [];
    for (const gradient of backward.gradients) gradients.push([...(await gradient.data())]);
    return { gradients, sentBefore: backward.sentBefore, made };
  },
  given({ seed, world, variant }) {
    return `At ${world} ranks; ${planText(caseOf(seed, variant))}.`;
  },
  judge(outcome) {
    outcome.allowOnly(["send", "recv"], "Averaging is to be made of send and recv alone.");
    judgeValues(outcome);
    if (outcome.size === 1) return;
    judgeRing(outcome);
    judgeMessages(outcome);
    judgeBuckets(outcome);
    judgeOverlap(outcome);
  },
});
