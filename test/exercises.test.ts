import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Mutant } from "../src/exercise/define.ts";
import { courseExercises } from "../src/exercise/node/catalog.ts";
import { checkOnce, loadExercise, planOf, type Verdict } from "../src/exercise/node/checker.ts";
import { compileAnswer } from "../src/exercise/node/compile-answer.ts";
import { compileProgram } from "../src/job/node/compile.ts";

const folder = mkdtempSync(join(tmpdir(), "worldsize-exercises-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The solution with a mutant's edits. */
function mutate(solution: string, { name, edits }: Mutant): string {
  return edits.reduce((text, [from, to]) => {
    if (text.split(from).length !== 2) throw new Error(`${name}: "${from}" is not once in the solution.`);
    return text.replace(from, () => to);
  }, solution);
}

/** Verdicts of an answer at every world size and transport: the first that is no pass, or a pass. */
async function verdicts(exerciseFile: string, answer: string): Promise<Map<string, Verdict>> {
  const exercise = await loadExercise(exerciseFile);
  const program = await compileAnswer(exerciseFile, answer);
  const found = new Map<string, Verdict>();
  for (const settings of planOf(exercise, 4242)) {
    const key = `${settings.world} ranks over ${settings.transport}`;
    if (found.has(key) && found.get(key)?.verdict !== "passed") continue;
    found.set(key, await checkOnce(exercise, program, settings));
  }
  return found;
}

function text(verdict: Verdict | undefined): string {
  return verdict?.verdict === "passed" ? "passed" : `${verdict?.verdict}: ${verdict?.message}`;
}

describe.each(courseExercises())("exercise $number", ({ number, file, folder: home }) => {
  const solution = join(home, "solution.ts");

  it("the starter fails, and the solution passes everywhere", async () => {
    const starter = await verdicts(file, join(home, "starter.ts"));
    expect([...starter.values()].some(({ verdict }) => verdict === "failed")).toBe(true);
    for (const [where, verdict] of await verdicts(file, solution))
      expect(`${where}: ${text(verdict)}`).toBe(`${where}: passed`);
  });

  it("every mutant is rejected by its own message, everywhere", async () => {
    const program = await compileProgram(join(home, "mutants.ts"));
    const mutants = ((await import(program.url)) as { default: Mutant[] }).default;
    expect(mutants.length).toBeGreaterThanOrEqual(3);
    expect(mutants.length).toBeLessThanOrEqual(6);
    /** What each mutant heard at each world size. */
    const heard = new Map<Mutant, Map<number, string[]>>(mutants.map((mutant) => [mutant, new Map()]));
    for (const mutant of mutants) {
      const answer = join(folder, `${number}-${mutant.name}.ts`);
      writeFileSync(answer, mutate(readFileSync(solution, "utf8"), mutant));
      for (const [where, verdict] of await verdicts(file, answer)) {
        const world = Number.parseInt(where, 10);
        const said = `${mutant.name} at ${where}: ${text(verdict)}`;
        if (mutant.rightAt?.includes(world)) {
          expect(said).toBe(`${mutant.name} at ${where}: passed`);
          continue;
        }
        expect(said).toMatch(messageOf(mutant, world));
        const all = heard.get(mutant) as Map<number, string[]>;
        all.set(world, [...(all.get(world) ?? []), text(verdict)]);
      }
    }
    // Its own: of two mutants, at least one hears something that the other is not told.
    const hears = (mutant: Mutant, other: Mutant): boolean =>
      [...(heard.get(mutant) ?? [])].every(([world, lines]) =>
        lines.every((line) => messageOf(other, world).test(line)),
      );
    for (const mutant of mutants) {
      for (const other of mutants.filter((each) => each !== mutant)) {
        const alike = hears(mutant, other) && hears(other, mutant);
        expect(alike ? `${mutant.name} and ${other.name} get the same message` : "").toBe("");
      }
    }
  }, 240_000); // up to thirty runs for each mutant: three threads a rank take their time

  it("has a task, hints and questions whose answers its solution gives", async () => {
    expect(existsSync(join(home, "task.md"))).toBe(true);
    const exercise = await loadExercise(file);
    expect(exercise.number).toBe(number);
    expect(exercise.hints.every((hint) => hint.length > 20)).toBe(true);
    expect(exercise.questions.length).toBeGreaterThanOrEqual(1);
  });
});

function messageOf({ message }: Mutant, world: number): RegExp {
  const wanted = typeof message === "function" ? message(world) : message;
  return wanted instanceof RegExp ? wanted : new RegExp(wanted.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
}
