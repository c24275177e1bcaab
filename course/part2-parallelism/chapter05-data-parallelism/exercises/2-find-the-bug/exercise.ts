// Checks 5.2: trains with the answer's loop, and notes each gradient as the optimizer takes it. judge.ts judges.
import { AdamW, Parameter, type ProcessGroup, type Tensor, type TensorDevice } from "worldsize";
import { type Answer, defineExercise, plainOf, watch } from "worldsize/exercise";
import { judgeCalls, judgeCurve, judgeSteps, type Report } from "./judge.ts";
import { beginning, lossOf, SHAPES, SIZES, stepsOf } from "./model.ts";

interface MicroBatch {
  loss(): Tensor;
}

interface Optimizer {
  step(): void;
  zeroGrad(): void;
}

interface TrainAnswer extends Answer {
  train(
    world: ProcessGroup,
    device: TensorDevice,
    parameters: Tensor[],
    optimizer: Optimizer,
    steps: MicroBatch[][],
  ): Promise<number[]>;
}

/** Steps that are noted; an answer that takes more is wrong anyway. */
const MOST = 100;

export default defineExercise<Report>({
  number: "5.2",
  title: "Find the bug",
  exports: ["train"],
  worlds: [1, 2, 3, 5],
  interleavings: 3,
  hints: [
    "Take one rank and one step with four micro-batches whose gradients are 1, 2, 3 and 4. Which gradient should the optimizer see, and which one does it see? Follow the number that is logged, and the number that backward starts from: are they the same?",
    "backward adds to grad: after four of them it holds a sum. What is logged is divided by the number of micro-batches; the loss whose backward is called is not. The short window at the end tells which number to divide by.",
    "const loss = batch.loss().div(microBatches.length); then loss.backward(), and mean.add_(loss.detach()) without a further division. Not by steps[0].length, and not the grads after each backward: that would divide the first micro-batch's again and again.",
  ],
  questions: [
    {
      ask: "All gradients are four times as large. How many times as far does AdamW's first step move a weight? To two digits.",
      world: 1,
      answer: ({ reports }) => Number((reports[0] as Report).farther.adamw.toPrecision(2)),
      because:
        "AdamW divides the gradient's mean by the root of the mean of its square: the 4 is in both, and cancels.",
    },
    {
      ask: "And plain SGD's?",
      world: 1,
      answer: ({ reports }) => Number((reports[0] as Report).farther.sgd.toPrecision(2)),
      because:
        "SGD moves by the gradient times the learning rate: four times as far. There the curve would have shown it.",
    },
  ],
  async run(answer, { context: { world, device }, seed, variant }) {
    const whole = beginning(seed);
    let at = 0;
    const parameters = SHAPES.map((shape, i) => {
      const parameter = new Parameter(device, [...shape], { empty: true });
      device.noGrad(() => parameter.copy_(device.from(whole.slice(at, (at += SIZES[i])), [...shape])));
      return parameter;
    });
    const adamw = new AdamW(parameters, { lr: 0.02 });
    const watched = watch(world);
    const noted: { readonly before: Tensor[]; readonly gradients: (Tensor | null)[] }[] = [];
    const detached = (tensor: Tensor): Tensor => tensor.detach().clone();
    const optimizer: Optimizer = {
      step() {
        if (noted.length < MOST) {
          const gradients = parameters.map(({ grad }) => grad && detached(grad));
          noted.push({ before: parameters.map(detached), gradients });
        }
        if (parameters.some(({ grad }) => grad)) adamw.step();
      },
      zeroGrad() {
        for (const parameter of parameters) parameter.grad = null;
      },
    };
    const steps = stepsOf(seed, variant, world.rank).map((batches) =>
      batches.map((batch): MicroBatch => ({ loss: () => lossOf(device, batch, parameters) })),
    );
    const { train } = answer as TrainAnswer;
    const losses = plainOf(await train(watched.world, device, [...parameters], optimizer, steps));
    const seen: Report["steps"][number][] = [];
    for (const { before, gradients } of noted) {
      const numbers: number[] = [];
      for (const tensor of before) numbers.push(...(await tensor.data()));
      const all: (readonly number[] | null)[] = [];
      for (const gradient of gradients) all.push(gradient && [...(await gradient.data())]);
      seen.push({ before: numbers, gradients: all });
    }
    return { losses, steps: seen, calls: watched.count(), farther: await fartherSteps(device) };
  },
  judge(outcome) {
    outcome.allowOnly(["allReduce"], "The loop is to communicate as the starter does.");
    judgeSteps(outcome);
    judgeCalls(outcome);
    judgeCurve(outcome);
  },
});

/** How many times as far a weight moves in the first step when its gradient is four times as large. */
async function fartherSteps(device: TensorDevice): Promise<Report["farther"]> {
  const moves: number[] = [];
  for (const factor of [1, 4]) {
    const weight = new Parameter(device, [1], { init: { kind: "zeros" } });
    weight.grad = device.full([1], 0.3 * factor);
    new AdamW([weight], { lr: 0.02 }).step();
    moves.push(await weight.item());
  }
  const gradient = [0.3, 4 * 0.3].map((value) => value * 0.02);
  return { adamw: moves[1] / moves[0], sgd: gradient[1] / gradient[0] };
}
