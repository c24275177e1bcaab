// What somebody writes who has installed the package: test/whole/package.test.ts compiles and runs it far from here.
import { type Context, choice, defineScript, functional, number, type Tensor } from "worldsize";
import { machineText } from "worldsize/draw";
import { defineExercise, explainSum } from "worldsize/exercise";
import { describedMachine, layOn, type Machine } from "worldsize/sim";

const laptop: Machine = describedMachine("laptop");

export const exercise = defineExercise<number>({
  number: "9.1",
  title: "A rank",
  exports: ["rank"],
  worlds: [2],
  hints: ["It is a number.", "From 0.", "world.rank"],
  questions: [],
  run: async (_answer, { context }) => context.world.rank,
  judge: (outcome) => outcome.must(outcome.reports[1] === 1, "the rank", "rank 1 is 1"),
});

async function mean({ world }: Pick<Context, "world">, x: Tensor): Promise<number> {
  await world.allReduce(x, "mean");
  return x.item();
}

export default defineScript({
  about: "Every rank contributes its number; all learn the mean.",
  ranks: 4,
  options: { scale: number(1, "a factor"), unit: choice("m", ["m", "s"], "of the result") },
  async main({ world, device, options, show }) {
    using x = device.full([1], world.rank * options.scale);
    const unit: "m" | "s" = options.unit;
    show.line(`the mean is ${await mean({ world }, x)} ${unit}`);
    if (world.rank > 0) return;
    const gelu = functional.gelu({ x: device.zeros([2, 3]) });
    show.line(`gelu ${gelu.shape.join(" × ")}, ${layOn(laptop, "ring", 4e6).pairs.length} pairs`);
    show.line(`${machineText(laptop)[0]}; ${explainSum(3, [1, 2, 4])}`);
  },
});
