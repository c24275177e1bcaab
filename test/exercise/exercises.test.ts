import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Mutant } from "../../src/exercise/define.ts";
import { courseExercises } from "../../src/exercise/node/catalog.ts";
import { check, checkOnce, loadExercise, MOST_THREADS, planOf, type Verdict } from "../../src/exercise/node/checker.ts";
import { compileAnswer } from "../../src/exercise/node/compile-answer.ts";
import type { RunSettings } from "../../src/exercise/outcome.ts";
import { compileProgram } from "../../src/job/node/compile.ts";
import { edited } from "../helpers/edited.ts";
import { isLong } from "../helpers/long.ts";

const folder = mkdtempSync(join(tmpdir(), "worldsize-exercises-"));
afterAll(() => rmSync(folder, { recursive: true }));

/**
 * Verdicts of an answer at every world size and transport: the first that is no pass, or a pass.
 * @param wanted of the runs of its check.
 */
async function verdicts(
  exerciseFile: string,
  answer: string,
  wanted = (_: RunSettings, _i: number) => true,
): Promise<Map<string, Verdict>> {
  const exercise = await loadExercise(exerciseFile);
  const program = await compileAnswer(exerciseFile, answer);
  const found = new Map<string, Verdict>();
  for (const settings of planOf(exercise, 4242).filter(wanted)) {
    const key = `${settings.world} ranks over ${settings.transport}`;
    if (found.has(key) && found.get(key)?.verdict !== "passed") continue;
    found.set(key, await checkOnce(exercise, program, settings));
  }
  return found;
}

/**
 * In one thread a mutant runs at every world size. Over threads of their own it runs at one of the sizes, each mutant
 * at another one, and over processes the first one only; in the long form at all.
 */
function chosenFor(mutant: number) {
  return ({ transport, world }: RunSettings): boolean =>
    transport === "local" ||
    isLong ||
    (world === 1 + ((mutant + transport.length) % MOST_THREADS) && (transport !== "tcp" || mutant === 1));
}

function text(verdict: Verdict | undefined): string {
  return verdict?.verdict === "passed" ? "passed" : `${verdict?.verdict}: ${verdict?.message}`;
}

describe.each(courseExercises())("exercise $number", ({ number, file, folder: home }) => {
  const solution = join(home, "solution.ts");

  it("the starter fails, and the solution passes everywhere", async () => {
    expect((await check(file, join(home, "starter.ts"), { seed: 4242 })).verdict).toBe("failed");
    for (const [where, verdict] of await verdicts(file, solution))
      expect(`${where}: ${text(verdict)}`).toBe(`${where}: passed`);
  }, 180_000);

  it("every mutant is rejected by its own message, everywhere", async () => {
    const program = await compileProgram(join(home, "mutants.ts"));
    const mutants = ((await import(program.url)) as { default: Mutant[] }).default;
    expect(mutants.length).toBeGreaterThanOrEqual(3);
    expect(mutants.length).toBeLessThanOrEqual(6);
    /** What each mutant heard at each world size. */
    const heard = new Map<Mutant, Map<number, string[]>>(mutants.map((mutant) => [mutant, new Map()]));
    for (const [i, mutant] of mutants.entries()) {
      const answer = join(folder, `${number}-${mutant.name}.ts`);
      writeFileSync(answer, edited(readFileSync(solution, "utf8"), mutant.edits, mutant.name));
      for (const [where, verdict] of await verdicts(file, answer, chosenFor(i))) {
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
  }, 240_000); // in the long form up to thirty runs for each mutant: three threads a rank take their time

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
