// Checks 5.1: how answers are fed, one step after the other. What is judged stands in judge.ts.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";
import { type Answer, defineExercise, plainOf, watch } from "worldsize/exercise";
import { type Batch, type Case, casesOf } from "./cases.ts";
import { judgeStep, type Report, type Step } from "./judge.ts";

interface MicroBatch {
  readonly count: number;
  loss(): Tensor;
}

interface GradientsAnswer extends Answer {
  globalGradients(
    world: ProcessGroup,
    device: TensorDevice,
    parameters: Tensor[],
    microBatches: MicroBatch[],
  ): Promise<number>;
}

export default defineExercise<Report>({
  number: "5.1",
  title: "DDP by hand",
  exports: ["globalGradients"],
  worlds: [1, 2, 3, 5, 8],
  interleavings: 3,
  hints: [
    "A mean is a sum and a count. Sums can be added over micro-batches and over ranks in any order; means cannot. Which two sums does the step need from all ranks, and when is each of them needed?",
    "Add up the own counts, allReduce that one number, and divide each micro-batch's loss by the total before its backward: then gradients only have to be added. A total of 0 would give 0/0: divide by at least 1. Then copy all gradients behind each other into one flat tensor of zeros, allReduce it once, and copy the parts back.",
    "const loss = batch.loss().div(total); loss.backward(); for each micro-batch. flat.slice(0, at, at + p.size).copy_(p.grad.flatten()) where p.grad is not null; await world.allReduce(flat); p.grad = flat.slice(0, at, at + p.size).clone().reshape(p.shape). One more element of flat carries the loss: loss.detach(), added up.",
  ],
  questions: [
    {
      ask: "6 weights and 2 biases; 3 ranks with two micro-batches each; losses are divided before backward. How many allReduces does a rank call in one step?",
      world: 3,
      answer: ({ reports }) => (reports[0] as Report).steps[5].calls.length,
      because:
        "Two: the counts, before backward, and all gradients, after the last one. Micro-batches only add up. Who divides the summed gradients instead can send the count with them: one.",
    },
    {
      ask: "The same: how many elements does a rank contribute in all, if the loss travels with the gradients?",
      world: 3,
      answer: ({ reports }) => (reports[0] as Report).steps[5].calls.reduce((sum, { elements }) => sum + elements, 0),
      because: "Ten: one count, one loss, and 6 + 2 gradients.",
    },
  ],
  async run(answer, { context: { world, device }, seed }) {
    const watched = watch(world);
    const steps: (Omit<Step, "calls"> & { readonly to: number })[] = [];
    for (const given of casesOf(seed, world.size)) {
      const { weights, biases } = given;
      const w = device.from(weights.flat(), [weights.length, biases.length]).requiresGrad_();
      const b = device.from([...biases], [biases.length]).requiresGrad_();
      const runs = given.batches[world.rank].map(() => 0);
      const microBatches = given.batches[world.rank].map((batch, i): MicroBatch => {
        const count = batch.tokens.filter(({ counts }) => counts).length;
        const loss = (): Tensor => {
          runs[i]++;
          return lossOf(device, given, batch, w, b);
        };
        return { count, loss };
      });
      const { globalGradients } = answer as GradientsAnswer;
      const loss = plainOf(await globalGradients(watched.world, device, [w, b], microBatches));
      const gradients: (readonly number[] | null)[] = [];
      for (const { grad } of [w, b]) gradients.push(grad && [...(await grad.data())]);
      const after = [...(await w.data()), ...(await b.data())];
      const dtypes = [w, b].map(({ grad }) => grad?.dtype ?? "");
      steps.push({ loss, gradients, dtypes, after, runs, to: watched.count() });
    }
    const calls = (await watched.calls()).map(({ kind, gave }) => ({
      kind,
      elements: Array.isArray(gave) ? gave.length : 0,
    }));
    return { steps: steps.map(({ to, ...step }, i) => ({ ...step, calls: calls.slice(steps[i - 1]?.to ?? 0, to) })) };
  },
  given: () =>
    "In some of the steps a rank has no micro-batch, or none of its labels counts: it has to call the same collectives as the others, on tensors of the same sizes.",
  judge(outcome) {
    outcome.allowOnly(["allReduce"], "The step is to be made of allReduce alone.");
    for (const i of casesOf(outcome.seed, outcome.size).keys()) judgeStep(outcome, i);
  },
});

/** Half the squared error, summed over the tokens that count. */
function lossOf(device: TensorDevice, { biases }: Case, { tokens, uses }: Batch, w: Tensor, b: Tensor): Tensor {
  const x = device.from(
    tokens.flatMap((token) => token.x),
    [tokens.length, w.shape[0]],
  );
  const y = device.from(
    tokens.flatMap((token) => token.y),
    [tokens.length, biases.length],
  );
  const counts = device.from(
    tokens.map((token) => Number(token.counts)),
    [tokens.length, 1],
  );
  const product = uses === "biases" ? b : x.matmul(w);
  const error = (uses === "both" ? product.add(b) : product).sub(y).mul(counts);
  return error.mul(error).sum().mul(0.5);
}
