// Checks 5.3: several steps on several matrices. What is judged stands in judge.ts.
import { type ProcessGroup, Tensor, type TensorDevice } from "worldsize";
import { type Answer, changeOf, defineExercise, plainOf, watch } from "worldsize/exercise";
import { casesOf, gradientOf, weightsOf } from "./cases.ts";
import { judgeStep, judgeTraffic, type Report, type Step } from "./judge.ts";

interface ZeroAnswer extends Answer {
  zeroStep(
    world: ProcessGroup,
    device: TensorDevice,
    w: Tensor,
    gradient: Tensor,
    velocity: Tensor | null,
    lr: number,
  ): Promise<Tensor>;
}

export default defineExercise<Report>({
  number: "5.3",
  title: "ZeRO-1 by hand",
  exports: ["zeroStep"],
  worlds: [1, 2, 3, 5, 8],
  interleavings: 2,
  hints: [
    "Which rows of the summed gradient does a rank need for its own step? One collective sums over ranks and gives each rank its piece alone. Which one puts pieces of all ranks together again?",
    "Cut gradient and w into pieces by rows, one per rank; pieces may be shorter or empty. reduceScatter gives the own piece of the sum; v = 0.9 v + that; the own rows of w move by lr v; allGather writes the moved rows of all ranks into the pieces of w.",
    "const pieces = (x) => world.ranks.map((_, r) => x.slice(0, Math.min(rows, r * k), Math.min(rows, (r + 1) * k))). await world.reduceScatter(own, pieces(gradient)), with own = device.empty([own rows, columns]). The moved rows are a tensor of their own: await world.allGather(pieces(w), moved).",
  ],
  questions: [
    {
      ask: "5 rows on 4 ranks. How many rows of v does the last rank keep?",
      world: 4,
      answer: ({ reports }) => (reports[3] as Report).cases[0][0].shape?.[0] ?? -1,
      because:
        "k = ⌈5/4⌉ = 2: ranks 0 and 1 have two rows, rank 2 has one, and rank 3 none. It calls both collectives all the same.",
    },
    {
      ask: "5 rows of 3 columns on 3 ranks. How many elements does rank 0 contribute to the allGather in one step?",
      world: 3,
      answer: ({ reports }) =>
        (reports[0] as Report).cases[0][0].calls.find(({ kind }) => kind === "allGather")?.elements ?? -1,
      because: "Its own two rows, which it alone has moved.",
    },
  ],
  async run(answer, { context: { world, device }, seed }) {
    const cases: Step[][] = [];
    for (const given of casesOf(seed, world.size)) {
      const shape = [given.rows, given.columns];
      const w = device.from(weightsOf(given), shape);
      let velocity: Tensor | null = null;
      const steps: Step[] = [];
      for (let step = 0; step < given.steps; step++) {
        const numbers = gradientOf(given, step, world.rank);
        const gradient = device.from(numbers, shape);
        const watched = watch(world);
        const { zeroStep } = answer as ZeroAnswer;
        const returned: unknown = await zeroStep(watched.world, device, w, gradient, velocity, given.lr);
        velocity = returned instanceof Tensor ? returned : null;
        const isRead = velocity !== null && velocity.size <= 10_000;
        steps.push({
          w: [...(await w.data())],
          shape: velocity ? [...velocity.shape] : undefined,
          dtype: velocity?.dtype ?? "",
          v: isRead ? [...((await velocity?.data()) ?? [])].map(Number) : [],
          other: velocity ? undefined : plainOf(returned),
          changed: await changeOf(gradient, numbers, "gradient"),
          calls: (await watched.calls()).map(({ kind, gave }) => ({
            kind,
            elements: Array.isArray(gave) ? gave.length : 0,
          })),
        });
      }
      cases.push(steps);
    }
    return { cases };
  },
  given: () => "A rank without rows calls what the others call, with pieces that are empty.",
  judge(outcome) {
    outcome.allowOnly(
      ["reduceScatter", "allGather"],
      "A reduceScatter gives each rank the sum of its own rows, an allGather puts moved rows together; more need not travel.",
    );
    for (const [at, { steps }] of casesOf(outcome.seed, outcome.size).entries()) {
      for (let step = 0; step < steps; step++) judgeStep(outcome, at, step);
      judgeTraffic(outcome, at);
    }
  },
});
