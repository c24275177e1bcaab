/** `worldsize check N.M`: the reader's answer to an exercise, judged once. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { Command } from "commander";
import pc from "picocolors";
import { sequenceOf } from "../draw/sequence.ts";
import { sequenceSvg } from "../draw/sequence-svg.ts";
import { sequenceText } from "../draw/sequence-text.ts";
import { type CourseExercise, courseExercises } from "../exercise/node/catalog.ts";
import { check, type Verdict } from "../exercise/node/checker.ts";
import { Copies, copiesFolder } from "../exercise/node/copies.ts";
import { marksText } from "../exercise/node/marks.ts";
import { checkWritable, writeWhole } from "../platform/node/files.ts";
import { visibleLines } from "../trace/text.ts";
import type { Output } from "./output.ts";
import { interruptible, parse, strict, wholeNumber } from "./program-flags.ts";
import { suggest, UsageError } from "./scripts.ts";

interface CheckFlags {
  readonly json?: boolean;
  readonly seed?: number;
  readonly file?: string;
  readonly svg?: string;
}

/** Runs `worldsize check …`. @returns 0 if everything passed, 1 if something failed. */
export async function checkCommand(args: readonly string[], output: Output): Promise<number> {
  const command = strict(new Command("worldsize check"))
    .description("Checks your answer to an exercise: exercises/N.M-….ts, made from its starter by the first check.")
    .usage("[flags] [NUMBER…]")
    .argument("[numbers...]", "such as 3.3; all of chapter 3 with 3; everything you have begun without any")
    .option("--json", "print one verdict a line, for editors and teachers")
    .option("--seed <number>", "repeat the inputs and interleavings of an earlier check", wholeNumber)
    .option("--file <path>", "check this file as the answer, or each .ts file of this folder")
    .option("--svg <file>", "draw what went wrong to a file");
  parse(command, args);
  const flags = command.opts<CheckFlags>();
  const copies = new Copies(copiesFolder());
  const chosen = choose(command.processedArgs[0] as string[], copies);
  if (flags.file && chosen.length !== 1) throw new UsageError("--file takes the number of one exercise.");
  const files = flags.file === undefined ? undefined : filesOf(flags.file);
  if (flags.svg && chosen.length * (files?.length ?? 1) !== 1) {
    throw new UsageError("--svg draws one answer: give the number of one exercise, and --file one file if any.");
  }
  let trouble = flags.svg && undrawn(flags.svg, checkWritable); // better now than after the check
  if (trouble) throw new UsageError(trouble);
  const stop = new AbortController();
  output.whenBroken(() => stop.abort());
  const interrupted = interruptible();
  const signal = AbortSignal.any([interrupted, stop.signal]);
  let good = true;
  for (const exercise of chosen)
    for (const answer of files ?? [openCopy(copies, exercise)]) {
      const progress = flags.json ? undefined : showProgress(exercise.number);
      const verdict = await check(exercise.file, answer, { seed: flags.seed, signal, onProgress: progress });
      progress?.(0, 0);
      if (output.broken) return good ? 0 : 1;
      if (signal.aborted) return 130;
      good &&= verdict.verdict === "passed";
      if (flags.json) process.stdout.write(`${JSON.stringify(jsonOf(exercise, answer, verdict))}\n`);
      else process.stdout.write(`${report(exercise, answer, verdict).join("\n")}\n`);
      if (!flags.file) remember(copies, exercise, verdict);
      if (flags.svg && verdict.verdict === "failed") {
        const svg = sequenceSvg(sequenceOf(verdict.traffic), `${exercise.number}: ${verdict.property}`);
        trouble = undrawn(flags.svg, (file) => writeWhole(file, svg));
      }
    }
  if (trouble) process.stderr.write(`worldsize: ${trouble}\n`);
  if (copies.trouble) process.stderr.write(`worldsize: ${copies.trouble}\n`);
  return good ? 0 : 1;
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

/** Where an exercise's task is told, as a path to type. */
export function taskOf({ folder }: CourseExercise): string {
  return relative(process.cwd(), `${folder}/task.md`);
}

/** Exercises by number or chapter. @throws UsageError with the nearest ones. */
export function choose(names: readonly string[], copies: Copies): CourseExercise[] {
  const all = courseExercises();
  if (names.length === 0) {
    const begun = all.filter((exercise) => existsSync(copies.path(exercise)));
    if (begun.length > 0) return begun;
    throw new UsageError(`You have begun no exercise yet. Write: worldsize check ${all[0]?.number ?? "1.1"}`);
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

/** A verdict as lines of text, with the picture of what went wrong. */
export function report({ number, name }: CourseExercise, answer: string, verdict: Verdict): string[] {
  const title = `${number} ${name}`;
  const output = printedLines(verdict);
  if (verdict.verdict === "passed") {
    const marks = verdict.marks && verdict.marks.ours.messages > 0 ? [pc.dim(`  ${marksText(verdict.marks)}`)] : [];
    return [
      `${pc.green("passed")}  ${title}, in ${verdict.runs} run${verdict.runs === 1 ? "" : "s"}`,
      ...marks,
      ...output,
    ];
  }
  if (verdict.verdict === "could not run") {
    return [`${pc.yellow("could not run")}  ${title}`, `  ${visibleLines(verdict.message)}`, ...output];
  }
  const { settings, property, message, traffic, shown } = verdict;
  const { world, transport, interleaving } = settings;
  const turns = transport !== "local" ? "threads" : interleaving === undefined ? "turns in order" : "shuffled turns";
  const picture = sequenceOf(traffic, 24);
  const printed = shown.flatMap((own, rank) =>
    own.flatMap((what) => (what.kind === "line" ? [`  rank ${rank} │ ${visibleLines(what.text)}`] : [])),
  );
  return [
    `${pc.red("failed")}  ${title}: ${pc.bold(property)}`,
    ...visibleLines(message)
      .split("\n")
      .map((line) => `  ${line}`),
    pc.dim(
      `  world size ${world}, ${transport}, ${turns}; ${visibleLines(relative(process.cwd(), answer))}; again with --seed ${verdict.seed}`,
    ),
    ...(picture.rows.length > 0 ? ["", ...sequenceText(picture).map((line) => `  ${visibleLines(line)}`)] : []),
    ...(printed.length > 0 ? ["", ...printed.slice(0, 12)] : []),
    ...output,
  ];
}

/** Lines of output that are shown of all ranks together. */
const MOST_PRINTED = 24;

/** What the answer printed in the run that decided, rank by rank. */
function printedLines({ printed = [] }: Verdict): string[] {
  const lines = printed.flatMap((own, rank) => own.map((line) => `  rank ${rank} printed │ ${line}`));
  if (lines.length === 0) return [];
  const more = lines.length - MOST_PRINTED;
  return ["", ...lines.slice(0, MOST_PRINTED), ...(more > 0 ? [pc.dim(`  … and ${more} more; all with --json`)] : [])];
}

/** Of the form of `--json`: it grows when a field changes its meaning or goes. */
const JSON_VERSION = 1;
/** Things that one rank showed, in JSON. */
const MOST_SHOWN = 100;

/** What `--json` prints. */
function jsonOf({ number, name }: CourseExercise, file: string, verdict: Verdict): object {
  const about = { version: JSON_VERSION, exercise: number, name, file };
  if (verdict.verdict !== "failed") return { ...about, ...verdict };
  const { traffic, shown, ...rest } = verdict;
  return { ...about, ...rest, shown: shown.map((own) => own.slice(0, MOST_SHOWN)), sequence: sequenceOf(traffic) };
}
