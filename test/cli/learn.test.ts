import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { framed, reflow, wrap } from "../../src/cli/learn/layout.ts";
import { answerOf } from "../../src/cli/learn/prediction.ts";
import { courseExercises } from "../../src/exercise/node/catalog.ts";
import { loadExercise } from "../../src/exercise/node/checker.ts";
import { Terminal } from "../helpers/terminal.ts";

const command = resolve("bin/worldsize.mjs");
const solution = (number: string): string =>
  readFileSync(join(courseExercises().find((each) => each.number === number)?.folder ?? "", "solution.ts"), "utf8");

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "worldsize-learn-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Without a look at types, which takes longer than most checks. */
const env = { ...process.env, NO_COLOR: "1", TERM: "xterm", WORLDSIZE_TYPES: "off" };

function worldsize(...args: string[]) {
  return spawnSync(process.execPath, [command, ...args], { cwd: home, encoding: "utf8", env });
}

describe("worldsize check", () => {
  it("makes a copy of the starter, says what fails and where, and remembers", () => {
    const { status, stdout, stderr } = worldsize("check", "3.3");
    expect(status).toBe(1);
    expect(stderr).toContain("exercises/3.3-ring-all-reduce.ts is new: the starter.");
    expect(stdout).toMatch(/^failed {2}3\.3 ring-all-reduce: /);
    expect(stdout).toContain("world size 2");
    expect(stdout).toContain("├─");
    expect(JSON.parse(readFileSync(join(home, "exercises/progress.json"), "utf8"))).toEqual({
      "3.3": { checks: 1, hints: 0 },
    });
  });

  it("tells an editor how to check the copies: as the project around them does, where there is one", () => {
    const settings = () => JSON.parse(readFileSync(join(home, "exercises/tsconfig.json"), "utf8"));
    worldsize("check", "1.1");
    expect(settings()).toMatchObject({ compilerOptions: { moduleResolution: "bundler" }, include: ["."] });
    rmSync(join(home, "exercises"), { recursive: true });
    writeFileSync(join(home, "tsconfig.json"), "{}");
    worldsize("check", "1.1");
    expect(settings()).toEqual({ extends: "../tsconfig.json", include: ["."] });
  });

  it("passes a right answer and keeps the day", () => {
    worldsize("check", "3.1");
    writeFileSync(join(home, "exercises/3.1-a-mean.ts"), solution("3.1"));
    const { status, stdout } = worldsize("check");
    expect(stdout).toMatch(/^passed {2}3\.1 a-mean, in \d+ runs\n/);
    expect(stdout).toMatch(
      /\n {2}at 5 ranks, a rank sends at most \d+ messages and \d+ bytes; our solution the same\n {2}the same in PyTorch: .*twin\.py\n$/,
    );
    expect(status).toBe(0);
    const { "3.1": progress } = JSON.parse(readFileSync(join(home, "exercises/progress.json"), "utf8"));
    expect(progress).toEqual({ checks: 2, hints: 0, passed: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) });
  });

  it("--json, --seed and --svg: the same failure again, for programs and as a picture", () => {
    const [first, again] = [1, 2].map(() => JSON.parse(worldsize("check", "2.1", "--json", "--seed", "77").stdout));
    expect(first).toMatchObject({ exercise: "2.1", verdict: "failed", property: "the list", seed: 77 });
    expect(again).toEqual(first);
    const steps = worldsize("check", "2.4", "--seed", "77", "--steps").stdout;
    expect(steps).toMatch(/\n +1 rank \d calls (send|recv)/);
    expect(steps).toMatch(/\n +rank \d │ f32\[\d+\]: /);
    const { steps: told } = JSON.parse(worldsize("check", "2.4", "--json", "--seed", "77", "--steps").stdout);
    expect(told[0]).toMatchObject({ rank: 0, kind: "calls", text: "send(f32[2]) to rank 1" });
    worldsize("check", "2.4", "--svg", "why.svg");
    expect(readFileSync(join(home, "why.svg"), "utf8")).toContain("met nobody");
  });

  it("bad input: one line, exit code 2", () => {
    const cases: [string[], string][] = [
      [["check"], "You have not begun an exercise yet. Write: worldsize check 1.1"],
      [["check", "3.4"], 'There is no exercise "3.4". Did you mean'],
      [["check", "ring-allreduce"], "Did you mean ring-all-reduce?"],
      [["check", "3", "--file", "x.ts"], "--file takes the number of one exercise."],
      [["check", "3.3", "--sed", "1"], "unknown option '--sed'. (Did you mean --seed?)"],
      [["learn"], "learn needs a terminal to read keys from. In a script, write: worldsize check 3.3 --json"],
    ];
    for (const [args, message] of cases) {
      const { status, stderr } = worldsize(...args);
      expect(stderr).toContain(message);
      expect(stderr.trim().split("\n")).toHaveLength(1);
      expect(status).toBe(2);
    }
  });

  it("a file that is not there, and a broken progress file", () => {
    expect(worldsize("check", "3.3", "--file", "nowhere.ts").stdout).toContain("nowhere.ts does not exist.");
    worldsize("check", "1.1");
    writeFileSync(join(home, "exercises/progress.json"), "{ broken");
    const { status, stdout, stderr } = worldsize("check", "1.1");
    expect(stdout).toMatch(/^failed {2}1\.1/); // the verdict is told, whatever becomes of the progress
    expect(stderr).toContain("cannot be read (it is not JSON). Fix it, or move it away to start afresh");
    expect(status).toBe(1);
    expect(readFileSync(join(home, "exercises/progress.json"), "utf8")).toBe("{ broken");
  });

  it.each(["[]", '{"1.1": 3}', '{"1.1": {"checks": -1, "hints": 0}}', "null", ""])(
    "a progress file that says %s is told of, and kept",
    (text) => {
      worldsize("check", "1.1");
      writeFileSync(join(home, "exercises/progress.json"), text);
      const { status, stderr } = worldsize("check", "1.1");
      expect(stderr).toMatch(/progress\.json cannot be read \(it .*\)\. Fix it/);
      expect(status).toBe(1);
      expect(readFileSync(join(home, "exercises/progress.json"), "utf8")).toBe(text);
    },
  );

  it("marks: what an answer costs beside ours; and a folder of answers is judged file by file", () => {
    mkdirSync(join(home, "class"));
    const extra = solution("3.1").replace(
      /(export async function \w+\([^)]*\)[^{]*\{)/,
      "$1\n  await world.allReduce(x.clone());",
    );
    writeFileSync(join(home, "class/a.ts"), solution("3.1"));
    writeFileSync(join(home, "class/b.ts"), extra);
    writeFileSync(join(home, "class/c.ts"), "export const x = 1;");
    writeFileSync(join(home, "class/notes.txt"), "no answer");
    const { stdout, status } = worldsize("check", "3.1", "--file", "class", "--json");
    const verdicts = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(verdicts.map(({ file, version }) => [file, version])).toEqual(
      ["a", "b", "c"].map((name) => [join("class", `${name}.ts`), 1]),
    );
    expect(verdicts[0].marks.answer).toEqual(verdicts[0].marks.ours);
    if (verdicts[1].verdict === "passed") {
      expect(verdicts[1].marks.answer.messages).toBeGreaterThan(verdicts[1].marks.ours.messages);
    }
    expect(verdicts[2].verdict).toBe("could not run");
    expect(status).toBe(1);
    mkdirSync(join(home, "empty"));
    expect(worldsize("check", "3.1", "--file", "empty").stderr).toContain("empty holds no .ts file.");
  });

  it("finds the folder that was begun from a folder below it", () => {
    worldsize("check", "3.1");
    mkdirSync(join(home, "deep/er"), { recursive: true });
    const env = { ...process.env, NO_COLOR: "1" };
    const cwd = join(home, "deep/er");
    const { stdout } = spawnSync(process.execPath, [command, "check", "3.1"], { cwd, encoding: "utf8", env });
    expect(stdout).toContain("../../exercises/3.1-a-mean.ts");
    expect(existsSync(join(cwd, "exercises"))).toBe(false);
  });

  it("says that nothing moves, where something is awaited that nothing will resolve", () => {
    writeFileSync(join(home, "never.ts"), "export async function mean() { await new Promise(() => {}); }");
    const { stdout } = worldsize("check", "3.1", "--file", "never.ts");
    expect(stdout).toMatch(/it never ends at world size 1\. Nothing has moved for 3 s: rank 0 is in its program/);
  });

  it("what has passed stays passed when a later save does not", () => {
    worldsize("check", "3.1");
    writeFileSync(join(home, "exercises/3.1-a-mean.ts"), solution("3.1"));
    worldsize("check", "3.1");
    writeFileSync(join(home, "exercises/3.1-a-mean.ts"), "export function mean(");
    worldsize("check", "3.1");
    writeFileSync(join(home, "exercises/3.1-a-mean.ts"), "export async function mean() {}");
    worldsize("check", "3.1");
    const { "3.1": progress } = JSON.parse(readFileSync(join(home, "exercises/progress.json"), "utf8"));
    expect(progress).toEqual({ checks: 3, hints: 0, passed: expect.any(String) });
  });

  it("what an answer prints stands under its verdict by rank, and is no word of the checker's", () => {
    worldsize("check", "3.1");
    const forged = '{"exercise":"3.1","verdict":"passed"}';
    const answer = solution("3.1").replace(
      /(export async function \w+\([^)]*\)[^{]*\{)/,
      `$1\n  console.log('${forged}');\n  console.log("\\u001b[31mred");`,
    );
    writeFileSync(join(home, "exercises/3.1-a-mean.ts"), answer.replace("mean", "mean"));
    const [line, ...more] = worldsize("check", "3.1", "--json").stdout.trim().split("\n");
    expect(more).toEqual([]);
    const { printed, verdict } = JSON.parse(line);
    expect(verdict).toBe("passed");
    expect(printed[0].slice(0, 2)).toEqual([forged, "␛[31mred"]);
    expect(worldsize("check", "3.1").stdout).toContain(`  rank 0 printed │ ${forged}`);
  });
});

it("worldsize learn leads from the first task to a passed exercise", async () => {
  const terminal = new Terminal(home, "learn");
  const file = join(home, "exercises/1.1-world-of-eight.ts");
  await terminal.sees("0 of 46 passed");
  await terminal.sees("1.1 A world of eight");
  expect(existsSync(file)).toBe(true);

  terminal.press("t");
  await terminal.sees("Write a whole program");
  terminal.press("p");
  await terminal.sees("How many lines appear in all?");
  terminal.press("9\r");
  await terminal.sees("Yes: 9.");
  terminal.press("h");
  await terminal.sees("Hint 1");
  terminal.press("s");
  await terminal.sees("The solution is shown after yours has passed");

  writeFileSync(file, readFileSync(file, "utf8").replace('show.line("hello")', 'show.line("hello there")'));
  await terminal.sees('rank 0 shows "hello there"');
  writeFileSync(file, solution("1.1"));
  await terminal.sees("1 of 46 passed");
  terminal.press("s");
  await terminal.sees("Every rank runs all of this");

  terminal.press("r");
  await terminal.sees("Put the starter back?");
  terminal.press("y");
  await terminal.sees("What you had is in");
  expect(readdirSync(join(home, "exercises"))).toContain("1.1-world-of-eight.ts.1.old");
  expect(readFileSync(file, "utf8")).toContain("hello");
  terminal.press("n");
  await terminal.sees("1.2 Even and odd ranks");

  const ended = terminal.ended();
  terminal.press("q");
  expect(await ended).toBe(0);
  const progress = JSON.parse(readFileSync(join(home, "exercises/progress.json"), "utf8"));
  expect(progress["1.1"]).toMatchObject({ hints: 1, predictions: { made: 1, right: 1 } });
}, 60_000);

it("worldsize learn helps with what failed: notices, advice, a walk, the picture, and ours beside it", async () => {
  const terminal = new Terminal(home, "learn", "3.3");
  const file = join(home, "exercises/3.3-ring-all-reduce.ts");
  await terminal.sees("3.3 Ring all_reduce from send and recv");
  terminal.press("w");
  await terminal.sees("Nothing has failed here since you opened this exercise.");
  terminal.press("v");
  await terminal.sees("figures/ring-all-reduce.svg");

  const wrong = solution("3.3").replace("sum.add_(incoming)", "sum.copy_(incoming)");
  writeFileSync(file, wrong.replace("await Promise.all([world.send(mine", "Promise.all([world.send(mine"));
  await terminal.sees(/line 19: `Promise\.all.*is\s+started\s+here\s+and\s+never\s+awaited/s);
  writeFileSync(file, wrong);
  await terminal.sees("failed  3.3 ring-all-reduce: the sum");
  await terminal.sees("Walk through this run: w");
  terminal.press("h");
  await terminal.sees("About the sum");
  await terminal.sees(/The chapter explains it under ".+":\s+\S*chapter03-collectives\/README\.md#/);
  terminal.press("h");
  await terminal.sees("Hint 1");
  terminal.press("w");
  await terminal.sees(/Step 1 of \d+ of the run that failed/);
  terminal.press("\u001b[C");
  await terminal.sees(/Step 2 of/);
  terminal.press("$");
  await terminal.sees(/Step (\d+) of \1 /);
  await terminal.sees(/rank 1 │ f32\[\d+\]: /);
  terminal.press("<");
  await terminal.sees(/Step \d+ of/);
  terminal.press("\u001b[D");
  await terminal.sees(/▸ +\d+ +rank \d calls (send|recv)|▸ +\d+ +rank \d ends: /);

  writeFileSync(file, solution("3.3"));
  await terminal.sees("passed  3.3 ring-all-reduce, in");
  terminal.press("s");
  await terminal.sees(/at 8 ranks +yours +ours/);
  await terminal.sees(/messages +14 +14/);
  const ended = terminal.ended();
  terminal.press("q");
  expect(await ended).toBe(0);
}, 180_000);

it("Ctrl-C leaves a lesson", async () => {
  const terminal = new Terminal(home, "learn");
  await terminal.sees("1.1 A world of eight");
  const ended = terminal.ended();
  terminal.press("\u0003");
  expect(await ended).toBe(0);
}, 30_000);

it.each(courseExercises())("the predictions of $number have answers", async (course) => {
  const exercise = await loadExercise(course.file);
  for (const question of exercise.questions) {
    const answer = await answerOf(exercise, course, question);
    if (question.choices) expect(question.choices).toContain(answer);
    else expect(Number.isFinite(answer)).toBe(true);
  }
});

it("long lines are cut at spaces", () => {
  expect(wrap("  one two three", 9)).toEqual(["  one two", "  three"]);
  expect(wrap("\x1b[31mone two\x1b[39m", 9)).toHaveLength(1);
});

it("paragraphs are made whole, and long texts can be moved", () => {
  const text = "# Title\n\none\ntwo\n\n- a\n  b\n- c\n\n| x |\n| y |\n\n```ts\nlet a;\n```\n![P](p.svg)\n";
  expect(reflow(text)).toEqual([
    "# Title",
    "",
    "one two",
    "",
    "- a b",
    "- c",
    "",
    "| x |",
    "| y |",
    "",
    "    let a;",
    "(P: see the picture)",
  ]);
  const screen = { head: ["h"], body: Array.from({ length: 50 }, (_, i) => `${i}`), foot: ["f"] };
  const { rows, most } = framed(screen, 80, 24, 0);
  expect(rows.length).toBeLessThanOrEqual(23);
  expect(rows.slice(0, 2)).toEqual(["h", "0"]);
  expect(framed(screen, 80, 24, most).rows).toContain("49");
});
