/** The course's figures: modules beside the chapters' text, drawn from recorded runs and computed curves. */
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { type Drawing, type Figure, figureDrawing, type Recorded } from "../draw/index.ts";
import { compileProgram, type Program } from "../job/node/compile.ts";
import { runJob } from "../job/node/job.ts";
import { type Script, type Shown, scriptOf } from "../script/index.ts";
import { root } from "./scripts.ts";

export interface CourseFigure {
  readonly name: string;
  /** Its module. */
  readonly path: string;
  /** Two digits; empty for what belongs to no chapter. */
  readonly chapter: string;
}

/** Elements of each tensor that are kept with what is recorded: whole tensors, as they are small. */
const GLIMPSED = 256;

/** The figures that are modules, in the order of the chapters. */
export function courseFigures(): CourseFigure[] {
  const course = join(root, "course");
  if (!existsSync(course)) return [];
  return readdirSync(course, { recursive: true, encoding: "utf8" })
    .filter((file) => /figures[\\/][^\\/]+\.ts$/.test(file))
    .map((file) => ({
      name: basename(file, ".ts"),
      path: join(course, file),
      chapter: /chapter(\d+)/.exec(file)?.[1] ?? "",
    }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

interface Loaded {
  readonly program: Program;
  readonly figure: Figure;
  readonly script: Script | undefined;
}

/** A figure's module. @throws CompileError. */
export async function loadFigure(path: string): Promise<Loaded> {
  const program = await compileProgram(path);
  const module = (await import(program.url)) as { readonly figure: Figure; readonly default?: Script };
  return { program, figure: module.figure, script: module.default && scriptOf({ ...module }, program.file) };
}

/** Runs a figure's program in one thread, where turns are in order, and draws it. @throws Error when its program fails and should not. */
export async function drawFigure(path: string): Promise<Drawing> {
  const { program, figure, script } = await loadFigure(path);
  const runs: Recorded[] = [];
  const ranks = figure.ranks ?? script?.ranks ?? 4;
  for (const { options, eager } of script ? (figure.settings ?? [{}]) : []) {
    const shown: Shown[][] = Array.from({ length: ranks }, () => []);
    const { failure, records } = await runJob({
      program,
      ranks,
      eager,
      transport: "local",
      recorded: true,
      glimpsed: GLIMPSED,
      options: { ...options },
      onShown: (rank, what) => shown[rank].push(what),
    });
    if (failure && !figure.fails) throw new Error(`${program.file} could not be recorded: ${failure.message}`);
    runs.push({ traffic: records.map(({ traffic }) => traffic), shown });
  }
  return figureDrawing(figure, runs);
}
