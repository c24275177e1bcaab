// Lanes and arrows in the order of the log, as the checker draws a run that failed.
import { join } from "node:path";

const part1 = "course/part1-distributed";

export async function figures() {
  const { compileAnswer, courseExercises, loadExercise, runOnce } = await import("../../dist/testing.js");
  const { sequenceOf, sequenceSvg } = await import("../../dist/draw.js");

  /** Messages of an exercise's starter or solution. */
  const exercise = async (number, answer, world) => {
    const { file, folder } = courseExercises().find((each) => each.number === number);
    const program = await compileAnswer(file, join(folder, `${answer}.ts`));
    const settings = { world, transport: "local", seed: 1, interleaving: undefined, variant: 0 };
    const { result } = await runOnce(await loadExercise(file), program, settings);
    return sequenceOf(result.records.map(({ traffic }) => traffic));
  };

  return {
    [`${part1}/chapter01-first-program/figures/subgroup.svg`]: sequenceSvg(
      await exercise("1.4", "solution", 4),
      "Everybody helps to make the group; only its members use it",
    ),
    [`${part1}/chapter02-point-to-point/figures/deadlock.svg`]: sequenceSvg(
      await exercise("2.4", "starter", 3),
      "Everybody sends, nobody receives",
    ),
  };
}
