/** `worldsize check N.M`: the reader's answer to an exercise, judged once. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { Command } from "commander";
import pc from "picocolors";
import { sequenceOf } from "../draw/sequence.ts";
import { sequenceSvg } from "../draw/sequence-svg.ts";
import { stepsOf } from "../draw/steps.ts";
import { stepsText } from "../draw/steps-text.ts";
import { type CourseExercise, courseExercises } from "../exercise/node/catalog.ts";
import { check, type Verdict } from "../exercise/node/checker.ts";
import { Copies, copiesFolder } from "../exercise/node/copies.ts";
import type { Notice } from "../exercise/node/types/notices.ts";
import { TypeCheck } from "../exercise/node/types/type-check.ts";
import { checkWritable, writeWhole } from "../platform/node/files.ts";
import { visibleLines } from "../trace/text.ts";
import { wrap } from "./learn/layout.ts";
import type { Output } from "./output.ts";
import { interruptible, parse, strict, wholeNumber } from "./program-flags.ts";
import { suggest, UsageError } from "./scripts.ts";
import { jsonOf, report } from "./verdict.ts";

interface CheckFlags {
  readonly json?: boolean;
  readonly seed?: number;
  readonly file?: string;
  readonly svg?: string;
  readonly steps?: boolean;
}

/** Reads the command line of `worldsize check`. @throws UsageError for flags that it has not. */
export function checkFlags(args: readonly string[]): {
  readonly numbers: readonly string[];
  readonly flags: CheckFlags;
} {
  const command = strict(new Command("worldsize check"))
    .description("Checks your answer to an exercise: exercises/N.M-….ts, made from its starter by the first check.")
    .usage("[flags] [NUMBER…]")
    .argument("[numbers...]", "such as 3.3, or 3 for all of chapter 3; without any, everything you have begun")
    .option("--json", "print one verdict per line, for editors and teachers")
    .option("--seed <number>", "repeat the inputs and interleavings of an earlier check", wholeNumber)
    .option("--file <path>", "check this file as the answer, or each .ts file of this folder")
    .option("--steps", "show the failing run step by step, with the contents of each rank's buffers")
    .option("--svg <file>", "draw what went wrong to a file");
  parse(command, args);
  return { numbers: command.processedArgs[0] as string[], flags: command.opts<CheckFlags>() };
}

/** Runs `worldsize check …`. @returns 0 if everything passed, 1 if something failed. */
export async function checkCommand(args: readonly string[], output: Output): Promise<number> {
  const { numbers, flags } = checkFlags(args);
  const copies = new Copies(copiesFolder());
  const chosen = choose(numbers, copies);
  if (flags.file && chosen.length !== 1) throw new UsageError("--file takes the number of one exercise.");
  const files = flags.file === undefined ? undefined : filesOf(flags.file);
  if (flags.svg && chosen.length * (files?.length ?? 1) !== 1) {
    throw new UsageError("--svg draws one answer: give the number of one exercise, and --file one file if any.");
  }
  const unwritable = flags.svg && undrawn(flags.svg, checkWritable); // better now than after the check
  if (unwritable) throw new UsageError(unwritable);
  const stop = new AbortController();
  output.whenBroken(() => stop.abort());
  const signal = AbortSignal.any([interruptible(), stop.signal]);
  const types = new TypeCheck();
  const troubles: string[] = [];
  let good = true;
  try {
    for (const exercise of chosen)
      for (const answer of files ?? [openCopy(copies, exercise)]) {
        const noticed = types.noticesOf(resolve(answer));
        const progress = flags.json ? undefined : showProgress(exercise.number);
        const verdict = await check(exercise.file, answer, { seed: flags.seed, signal, onProgress: progress });
        progress?.(0, 0);
        if (output.broken) return good ? 0 : 1;
        if (signal.aborted) return 130;
        good &&= verdict.verdict === "passed";
        const notices = verdict.verdict === "failed" ? await types.soon(noticed) : [];
        const trouble = show(exercise, answer, verdict, notices, flags);
        if (trouble) troubles.push(trouble);
        if (!flags.file) remember(copies, exercise, verdict);
      }
  } finally {
    types.close();
  }
  for (const trouble of [...troubles, copies.trouble]) if (trouble) process.stderr.write(`worldsize: ${trouble}\n`);
  return good ? 0 : 1;
}

/** Prints a verdict, and draws it where that was asked for. @returns why it could not be drawn, if so. */
function show(
  exercise: CourseExercise,
  answer: string,
  verdict: Verdict,
  notices: readonly Notice[],
  { json, steps, svg }: CheckFlags,
): string | undefined {
  const lines = steps && verdict.verdict === "failed" ? stepsOf(verdict.traffic) : undefined;
  if (json) {
    const told = { ...jsonOf(exercise, answer, verdict, notices), ...(lines ? { steps: lines } : {}) };
    process.stdout.write(`${JSON.stringify(told)}\n`);
  } else process.stdout.write(`${report(exercise, answer, verdict, notices).flatMap(fitted).join("\n")}\n`);
  if (verdict.verdict !== "failed") return undefined;
  const { traffic, property } = verdict;
  if (lines && !json) {
    const texts = stepsText(lines, traffic.length).map((line) => `  ${visibleLines(line)}\n`);
    process.stdout.write(`\n${texts.join("")}`);
  }
  const picture = sequenceSvg(sequenceOf(traffic), `${exercise.number}: ${property}`);
  return svg && undrawn(svg, (file) => writeWhole(file, picture));
}

/** A file, or the answers in a folder, by name. @throws UsageError for a folder without any. */
function filesOf(path: string): string[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"));
  if (names.length === 0) throw new UsageError(`${path} holds no .ts file.`);
  return names.sort().map((name) => join(path, name));
}

/** Does something with the file of a drawing. @returns why it could not be written, if so. */
function undrawn(file: string, body: (file: string) => void): string | undefined {
  try {
    body(file);
    return undefined;
  } catch (error) {
    return `The drawing could not be written to ${file}: ${(error as Error).message}.`;
  }
}

function openCopy(copies: Copies, exercise: CourseExercise): string {
  const there = existsSync(copies.path(exercise));
  const path = copies.open(exercise);
  if (!there) process.stderr.write(pc.dim(`${path} is new: the starter. The task: ${taskOf(exercise)}\n`));
  return path;
}

/** Where an exercise's task is, as a path to type. */
export function taskOf({ folder }: CourseExercise): string {
  return relative(process.cwd(), `${folder}/task.md`);
}

/** Exercises by number or chapter. @throws UsageError with the nearest ones. */
export function choose(names: readonly string[], copies: Copies): CourseExercise[] {
  const all = courseExercises();
  if (names.length === 0) {
    const begun = all.filter((exercise) => existsSync(copies.path(exercise)));
    if (begun.length > 0) return begun;
    throw new UsageError(`You have not begun an exercise yet. Write: worldsize check ${all[0]?.number ?? "1.1"}`);
  }
  return names.flatMap((name) => {
    const found = all.filter(({ number, name: word, chapter }) =>
      [number, word, String(chapter), `${number}-${word}`].includes(name),
    );
    if (found.length > 0) return found;
    const known = all.flatMap((exercise) => [exercise.number, exercise.name]);
    throw new UsageError(`There is no exercise "${name}". ${suggest(name, known)}`);
  });
}

/** Notes a verdict in the progress file. What has passed stays passed. */
export function remember(copies: Copies, exercise: CourseExercise, { verdict }: Verdict): void {
  if (verdict === "could not run") return;
  copies.note(exercise, ({ passed, ...was }) => {
    const day = passed ?? (verdict === "passed" ? new Date().toISOString().slice(0, 10) : undefined);
    return { ...was, checks: was.checks + 1, ...(day ? { passed: day } : {}) };
  });
}

function showProgress(number: string): (done: number, all: number) => void {
  return (done, all) => {
    if (!process.stderr.isTTY) return;
    process.stderr.write(all === 0 ? "\r\x1b[K" : `\r\x1b[K${number}: run ${done + 1} of ${all}`);
  };
}

/** A line of a report as a terminal takes it: sentences are wrapped, pictures are not. */
function fitted(line: string): string[] {
  const { isTTY, columns } = process.stdout;
  return isTTY && columns > 0 && !/[│├┤╳●]/.test(line) ? wrap(line, columns) : [line];
}
