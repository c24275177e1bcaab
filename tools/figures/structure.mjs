// Pictures of structure: hosts and groups, who waits for whom, machines, and the front page's three.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inferenceScene } from "./inference.mjs";
import { decisions, levels } from "./models.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const part1 = "course/part1-distributed";

/** @returns the text of each SVG file, by path. */
export async function figures() {
  const { compileAnswer, compileProgram, courseExercises, loadExercise, runJob, runOnce } = await import(
    "../../dist/testing.js"
  );
  const draw = await import("../../dist/draw.js");
  const { describedMachine, parts } = await import("../../dist/sim.js");
  const { cycleOf, gridScene, groupsScene, hostsScene, waitsOf, waitsScene } = draw;

  const cut = await compileProgram(join(root, "tools/figures/cut.ts"));
  /** Each rank's place in the groups of a split, from a run. */
  const members = async (ranks, options) => {
    const rows = [];
    const onShown = (_, what) => rows.push(what.row);
    const { failure } = await runJob({ program: cut, ranks, options, transport: "local", onShown });
    if (failure) throw new Error(failure.message);
    return rows.sort((a, b) => a.rank - b.rank);
  };
  const byRow = await members(8, { by: "row" });
  const byColumn = await members(8, { by: "column" });

  const { file, folder } = courseExercises().find(({ number }) => number === "2.4");
  const stuck = await compileAnswer(file, join(folder, "starter.ts"));
  const settings = { world: 3, transport: "local", seed: 1, interleaving: undefined, variant: 0 };
  const { result } = await runOnce(await loadExercise(file), stuck, settings);
  const cycle = cycleOf(waitsOf(result.records.map(({ traffic }) => traffic)));

  const early = await compileProgram(join(root, "tools/figures/early-send.ts"));
  /** The same late receive, with sends of so many bytes completed from a copy. */
  const sent = async (eager) => {
    const { failure, records } = await runJob({ program: early, ranks: 2, transport: "local", recorded: true, eager });
    if (failure) throw new Error(failure.message);
    return records.map(({ traffic }) => traffic);
  };

  const one = `${part1}/chapter01-first-program/figures`;
  const two = `${part1}/chapter02-point-to-point/figures`;
  const four = `${part1}/chapter04-algorithms/figures`;
  const scenes = {
    [`${one}/hosts.svg`]: hostsScene(byRow, 6),
    [`${one}/groups.svg`]: groupsScene(
      await members(5, { by: "parity" }),
      "world.split(rank % 2): one world, two new numberings",
    ),
    [`${one}/grid.svg`]: gridScene(byRow, byColumn, "Eight ranks as 2 × 4: rows and columns are groups"),
    [`${two}/deadlock.svg`]: waitsScene(cycle, "Each waits for the next, and nobody can move"),
    [`${two}/eager.svg`]: draw.sendScene("When does send return?", [
      { name: "Rendezvous: the default here", traffic: await sent(0) },
      { name: "Eager: with --eager 1KiB", traffic: await sent(1024) },
    ]),
    [`${two}/pipeline.svg`]: draw.pipelineScene(4, 4),
    [`${four}/rails.svg`]: draw.railsScene(describedMachine("dgx-h100", 2), 3),
    "course/figures/parallelism.svg": draw.decisionsScene(
      "Which parallelism? Stop at the first line that is yours",
      decisions.map(({ symptom, remedy }) => `${symptom}: ${remedy}`).join("; "),
      decisions,
    ),
    "course/figures/inference-pipeline.svg": inferenceScene(),
  };
  return {
    "course/figures/memory-hierarchy.svg": draw.ladderSvg("What feeds an H100, from the inside out", levels(parts)),
    ...Object.fromEntries(Object.entries(scenes).map(([path, scene]) => [path, draw.sceneSvg(scene)])),
  };
}
